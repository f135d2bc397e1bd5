// The form of a silence, window or inhibition rule: what it would hide is shown while it is typed.
import { previewed } from "./preview.js";

previewed(document.querySelector("form[data-previewed]"));
