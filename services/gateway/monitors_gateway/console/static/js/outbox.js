// The outbox: j and k move through the mails.
import { listKeys } from "./keys.js";

listKeys(() => [...document.querySelectorAll("[data-mail]")], {});
