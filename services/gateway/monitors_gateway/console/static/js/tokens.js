// A new token is copied with one click, and said to be there.
document.querySelector("[data-copy]")?.focus();
