/**
 * Files from the Hugging Face Hub through its cache: the revision is resolved once to a commit, and a file counts only once its
 * bytes have the hash that the Hub's listing gives (SHA-256 of LFS files, git blob SHA-1 of others). The client library does not check.
 */
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { readdir, readFile, realpath, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fromSystemError, HabsburgError, isHabsburgError } from '../common/errors.js';
import { makeFolder } from '../common/make-folder.mjs';
import { hubError, hubFetch, hubSettings, unreachable, type HubSettings } from './hub-settings.js';

export interface HubRepo {
  readonly type: 'model' | 'dataset';
  /** OWNER/NAME */
  readonly name: string;
}

const COMMIT = /^[0-9a-f]{40}$/;

/** A repository at one commit. */
export class HubSnapshot {
  private constructor(
    readonly repo: HubRepo,
    readonly commit: string,
    readonly settings: HubSettings,
  ) {}

  /**
   * Resolves a branch, tag or commit; asks the Hub unless it is a commit or HF_HUB_OFFLINE is set, where the cache's refs answer.
   * @throws 'notFound', 'invalid' (no access), 'unreachable'
   */
  static async open(repo: HubRepo, revision: string, settings: HubSettings = hubSettings()): Promise<HubSnapshot> {
    if (COMMIT.test(revision)) return new HubSnapshot(repo, revision, settings);
    const ref = join(repoFolder(repo, settings), 'refs', revision);
    if (settings.offline) {
      const commit = (await readFile(ref, 'utf8').catch(() => '')).trim();
      if (!COMMIT.test(commit)) throw offlineMiss(`${repo.type} ${repo.name} at ${revision}`, settings);
      return new HubSnapshot(repo, commit, settings);
    }
    const { datasetInfo, modelInfo } = await import('@huggingface/hub');
    const query = {
      name: repo.name,
      revision,
      hubUrl: settings.endpoint,
      fetch: hubFetch(settings),
      additionalFields: ['sha' as const],
    };
    const what = `${repo.type} ${repo.name} at ${revision}`;
    const commit = await (repo.type === 'model' ? modelInfo(query) : datasetInfo(query)).then(
      (info) => info.sha,
      (error: unknown) => {
        throw isHabsburgError(error) ? error : hubError(error, what, settings);
      },
    );
    if (!COMMIT.test(commit)) throw new HabsburgError('failed', `${what}: ${settings.endpoint} answered with no commit`);
    makeFolder(dirname(ref));
    await writeFile(ref, commit);
    return new HubSnapshot(repo, commit, settings);
  }

  get #folder(): string {
    return join(repoFolder(this.repo, this.settings), 'snapshots', this.commit);
  }

  /** `dataset a/b@commit` for messages. */
  get #what(): string {
    return `${this.repo.type} ${this.repo.name}@${this.commit}`;
  }

  /** Every file with its hash; offline, those in the cache, whose hash is their blob's name. */
  async list(): Promise<HubFile[]> {
    const files: HubFile[] = [];
    if (this.settings.offline) {
      for (const entry of await readdir(this.#folder, { recursive: true, withFileTypes: true }).catch(() => [])) {
        if (entry.isDirectory()) continue;
        const path = join(entry.parentPath, entry.name);
        const hash = basename(await realpath(path).catch(() => ''));
        if (/^[0-9a-f]{40}$|^[0-9a-f]{64}$/.test(hash)) files.push({ path: relative(this.#folder, path), hash });
      }
      if (files.length === 0) throw offlineMiss(this.#what, this.settings);
    } else {
      const { listFiles } = await import('@huggingface/hub');
      const { settings, repo, commit } = this;
      try {
        for await (const file of listFiles({
          repo,
          revision: commit,
          recursive: true,
          hubUrl: settings.endpoint,
          fetch: hubFetch(settings),
        })) {
          if (file.type !== 'file') continue;
          if (/(^|\/)\.\.?(\/|$)|^\/|\\/.test(file.path))
            throw new HabsburgError(
              'verification',
              `${this.#what} lists ${JSON.stringify(file.path)}, which leads outside its folder`,
            );
          files.push({ path: file.path, hash: file.lfs?.oid ?? file.oid ?? '' });
        }
      } catch (error) {
        throw isHabsburgError(error) ? error : hubError(error, this.#what, settings);
      }
    }
    return files.sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  /** The folder in which `get` puts files, under their paths in the repository. */
  get folder(): string {
    return this.#folder;
  }

  /** Local path of a file, downloaded unless the cache has it; its hash is checked either way. */
  async get(file: HubFile): Promise<string> {
    const where = `${this.#what}: ${file.path}`;
    if (!/^[0-9a-f]{40}$|^[0-9a-f]{64}$/.test(file.hash))
      throw new HabsburgError('verification', `${where}: the Hub gives no hash, so the file cannot be checked`);
    const blob = join(repoFolder(this.repo, this.settings), 'blobs', file.hash);
    const pointer = join(this.#folder, file.path);
    try {
      if (!(await hasHash(blob, file.hash))) {
        if (this.settings.offline)
          throw new HabsburgError(
            'verification',
            `${where} is damaged in the cache; delete ${blob}, and unset HF_HUB_OFFLINE to download it again`,
          );
        await this.#download(file, blob, where);
      }
      const target = relative(dirname(pointer), blob);
      if ((await realpath(pointer).catch(() => '')) !== (await realpath(blob))) {
        makeFolder(dirname(pointer));
        const link = `${pointer}.${randomBytes(6).toString('hex')}`;
        await symlink(target, link);
        await rename(link, pointer);
      }
      return pointer;
    } catch (error) {
      throw fromSystemError(error, where);
    }
  }

  async #download(file: HubFile, blob: string, where: string): Promise<void> {
    const { repo, settings } = this;
    const path = file.path.split('/').map(encodeURIComponent).join('/');
    const response = await hubFetch(settings)(
      `${settings.endpoint}/${repo.type === 'model' ? '' : 'datasets/'}${repo.name}/resolve/${this.commit}/${path}`,
    );
    if (!response.ok || !response.body) {
      await response.body?.cancel();
      throw hubError({ statusCode: response.status }, where, settings);
    }
    const partial = `${blob}.${randomBytes(6).toString('hex')}.incomplete`;
    makeFolder(dirname(blob));
    try {
      let cut: unknown;
      const body = Readable.fromWeb(response.body as import('node:stream/web').ReadableStream).on(
        'error',
        (error) => (cut = error),
      );
      await pipeline(body, createWriteStream(partial)).catch((error: unknown) => {
        throw cut === undefined ? error : unreachable(cut, settings);
      });
      if (!(await hasHash(partial, file.hash))) {
        throw new HabsburgError(
          'verification',
          `${where}: what ${settings.endpoint} sent does not have the hash ${file.hash} of its listing; nothing was kept, try again or another HF_ENDPOINT`,
        );
      }
      await rename(partial, blob);
    } finally {
      await rm(partial, { force: true });
    }
  }
}

export interface HubFile {
  readonly path: string;
  /** 64 hex digits: SHA-256; 40: SHA-1 of the git blob */
  readonly hash: string;
}

/** Python's folder names: datasets--OWNER--NAME. */
function repoFolder(repo: HubRepo, settings: HubSettings): string {
  return join(settings.cacheDir, `${repo.type}s--${repo.name.split('/').join('--')}`);
}

function offlineMiss(what: string, settings: HubSettings): HabsburgError {
  return new HabsburgError(
    'notFound',
    `${what} is not in ${settings.cacheDir}, and HF_HUB_OFFLINE is set; unset it, or put the files there with \`hf download\``,
  );
}

/** Whether a file is there and hashes to `hash`. */
async function hasHash(path: string, hash: string): Promise<boolean> {
  const size = await stat(path).then(
    (s) => s.size,
    () => undefined,
  );
  if (size === undefined) return false;
  const hasher = hash.length === 64 ? createHash('sha256') : createHash('sha1').update(`blob ${size}\0`);
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 18 })) hasher.update(chunk as Buffer);
  return hasher.digest('hex') === hash;
}
