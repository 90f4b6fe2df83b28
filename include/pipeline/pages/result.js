// Tells the page that opened this window what happened, and closes the window when there is nothing to read.
const { outcome, credential, source, label } = document.body.dataset;
const KEPT = "sunledger:answer";
const kept = sessionStorage.getItem(KEPT);
sessionStorage.removeItem(KEPT);
if (kept && !location.search) {
  // back from the login: now the vendor's answer can be taken
  location.replace(location.pathname + kept);
} else {
  // the answer waits here while its owner logs in, so that no log of the login sees it
  if (outcome === "login" && location.search) sessionStorage.setItem(KEPT, location.search);
  history.replaceState(null, "", location.pathname);
  if (window.opener) {
    const message = { type: "sunledger:connect", outcome, credential, source, label };
    window.opener.postMessage(message, location.origin);
    if (outcome === "connected") window.close();
  }
}
