/** Copies an object within a bucket, by the server alone. */
import type { S3Client } from '@aws-sdk/client-s3';
import type { Sdk } from './s3-client.js';

/** Larger objects are copied in parts of this size: S3 copies 5 GiB in one call at most. */
export const COPY_PART = 2 ** 30;

interface Copy {
  readonly bucket: string;
  readonly from: string;
  readonly to: string;
  /** in bytes */
  readonly size: number;
  readonly part: number;
}

export async function copyObject(sdk: Sdk, client: S3Client, { bucket, from, to, size, part }: Copy): Promise<void> {
  const target = { Bucket: bucket, Key: to };
  const CopySource = [bucket, ...from.split('/')].map(encodeURIComponent).join('/');
  if (size <= part) {
    await client.send(new sdk.CopyObjectCommand({ ...target, CopySource }));
    return;
  }
  const { UploadId } = await client.send(new sdk.CreateMultipartUploadCommand(target));
  const upload = { ...target, UploadId };
  try {
    const Parts: { PartNumber: number; ETag?: string }[] = [];
    for (let at = 0; at < size; at += part) {
      const PartNumber = Parts.length + 1;
      const CopySourceRange = `bytes=${at}-${Math.min(size, at + part) - 1}`;
      const { CopyPartResult } = await client.send(
        new sdk.UploadPartCopyCommand({ ...upload, PartNumber, CopySource, CopySourceRange }),
      );
      Parts.push({ PartNumber, ETag: CopyPartResult?.ETag });
    }
    await client.send(new sdk.CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts } }));
  } catch (error) {
    await client.send(new sdk.AbortMultipartUploadCommand(upload)).catch(() => undefined);
    throw error;
  }
}
