// What an admin is to do next, and how: the beginning of a front end of one's own. Usage: admin.mjs BASE_URL ADMIN_TOKEN

import { AdminClient, ApiError } from "../dist/index.js";

const [baseUrl, token] = process.argv.slice(2);
const admin = new AdminClient({ baseUrl, token });

/** The topic of 操作指引 for each step. */
const TOPICS = {
  install: "install",
  contacts_secret: "contacts-secret",
  contacts_callback: "contacts-callback",
  external_contacts_secret: "customer-secret",
  external_contacts_callback: "customer-callback",
  complete: "finish",
};

try {
  const state = await admin.checkAuthorization();
  console.log(`${state.installation.corp_name}: ${state.health}`);
} catch (error) {
  if (!(error instanceof ApiError)) throw error;
  console.log(`not checked: ${error.code}`);
}
const { next_step: nextStep } = await admin.readAuthorization();
const topic = TOPICS[nextStep];
console.log(`next: ${nextStep}`);
if (topic) {
  const help = await admin.readHelp(topic, "en");
  console.log(help.title);
}
