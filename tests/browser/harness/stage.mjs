// A page on a server of its own, so that no test sees what another has done.

import { openContext } from './browser.mjs';
import { startServer } from './server.mjs';

/** `args` are options of the server, the others those of the browser's context. */
export async function onStage(browser, work, { args, ...options } = {}) {
  const server = await startServer(args);
  const opened = await openContext(browser, server, options).catch(async (error) => {
    await server.stop();
    throw error;
  });
  try {
    await work({ server, ...opened });
  } finally {
    await opened.context.close();
    await server.stop();
  }
}
