// A new token is copied with one click, and said to be there.
const copy = document.querySelector("[data-copy][hidden]");
if (copy) {
  copy.hidden = false;
  copy.focus();
}
