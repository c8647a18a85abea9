/** Environments in which a graphics adapter may be found: the machine's own, and Chromium's software driver (SwiftShader). */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Where distributions put Chromium with its Vulkan loader and driver. */
const CHROMIUM_FOLDERS = ['/usr/lib/chromium', '/usr/lib/chromium-browser', '/usr/lib64/chromium-browser', '/opt/google/chrome'];

/** In order of preference. */
export function adapterEnvironments(): { readonly name: string; readonly env: NodeJS.ProcessEnv }[] {
  const software = CHROMIUM_FOLDERS.filter((folder) => existsSync(join(folder, 'vk_swiftshader_icd.json'))).map((folder) => {
    const driver = join(folder, 'vk_swiftshader_icd.json');
    const loader = [folder, process.env.LD_LIBRARY_PATH].filter(Boolean).join(':');
    return {
      name: 'SwiftShader',
      env: { ...process.env, LD_LIBRARY_PATH: loader, VK_ICD_FILENAMES: driver, VK_DRIVER_FILES: driver },
    };
  });
  return [{ name: 'its own adapter', env: process.env }, ...software];
}

/** An environment in which Vulkan finds no driver. */
export function withoutAdapter(): NodeJS.ProcessEnv {
  return { ...process.env, VK_ICD_FILENAMES: '/nonexistent.json', VK_DRIVER_FILES: '/nonexistent.json' };
}
