// Asks for a connection, opens the vendor's page in a window, and says what that window tells.
// Used by more than one page; `say` takes a sentence and, once, the number of the connected account.
async function askConsent(address, wanted, say) {
  // before the request, because a window may open only while the click is fresh
  const popup = window.open("", "sunledger-connect", "popup,width=520,height=760");
  say("Waiting for the vendor…");
  const response = await fetch(address, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(wanted),
  });
  const answer = await response.json();
  if (!response.ok) {
    popup?.close();
    say([answer.detail, answer.remedy].filter(Boolean).join(" "));
  } else if (popup) {
    popup.location.replace(answer.authorize_url);
  } else {
    location.assign(answer.authorize_url);
  }
}

function hearConsent(say) {
  window.addEventListener("message", (event) => {
    if (event.origin !== location.origin || event.data?.type !== "sunledger:connect") return;
    const { outcome, source, label, credential } = event.data;
    if (outcome === "connected") say(`Connected: ${source}${label ? ` “${label}”` : ""}.`, Number(credential));
    else if (outcome === "login") say("Log in again in the other window.");
    else say("Not connected; the other window says why.");
  });
}
