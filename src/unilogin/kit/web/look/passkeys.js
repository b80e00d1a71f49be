// Passkeys: asks the device for one or to make one, and posts its answer in the page's own form.
// What needs a passkey is shown only where the browser knows them.
"use strict";
(() => {
  const known = typeof PublicKeyCredential === "function" && Boolean(navigator.credentials);
  for (const part of document.querySelectorAll("[data-passkey-only]")) part.hidden = !known;
  for (const part of document.querySelectorAll("[data-passkey-missing]")) part.hidden = known;
  const form = document.querySelector("form[data-passkey]");
  if (!known || !form) return;

  const bytes = (text) =>
    Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (sign) => sign.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer)))
      .replaceAll("+", "-")
      .replaceAll("/", "_")
      .replaceAll("=", "");

  const question = () => {
    const asked = JSON.parse(form.dataset.options);
    asked.challenge = bytes(asked.challenge);
    if (asked.user) asked.user.id = bytes(asked.user.id);
    for (const list of ["allowCredentials", "excludeCredentials"])
      for (const one of asked[list] ?? []) one.id = bytes(one.id);
    return asked;
  };

  const answer = ({ id, type, authenticatorAttachment, response }) => {
    const said = { clientDataJSON: text(response.clientDataJSON) };
    for (const part of ["attestationObject", "authenticatorData", "signature", "userHandle"])
      if (response[part]) said[part] = text(response[part]);
    if (response.getTransports) said.transports = response.getTransports();
    return JSON.stringify({ id, rawId: id, type, authenticatorAttachment, response: said });
  };

  const send = (given) => {
    form.elements.credential.value = answer(given);
    form.requestSubmit();
  };

  // On the page for the name: passkeys among the names that the browser offers. Nothing is said when none is chosen.
  const wait = async () => {
    if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
    const given = await navigator.credentials.get({ mediation: "conditional", publicKey: question() });
    form.elements.shared.value = document.getElementById("shared").checked ? "1" : "0";
    send(given);
  };

  const problem = form.querySelector("[data-passkey-problem]");
  const say = (sentence) => {
    problem.querySelector("p").textContent = sentence;
    problem.hidden = !sentence;
  };

  let asking = false;
  const ask = async () => {
    if (asking) return;
    asking = true;
    say("");
    try {
      send(await navigator.credentials[form.dataset.passkey]({ publicKey: question() }));
    } catch (refusal) {
      const { cancelled, failed, twice } = form.dataset;
      say({ NotAllowedError: cancelled, AbortError: cancelled, InvalidStateError: twice }[refusal.name] ?? failed);
    } finally {
      asking = false;
    }
  };

  if (form.dataset.waiting !== undefined) {
    wait().catch(() => {});
    return;
  }
  form.querySelector("[data-passkey-go]").addEventListener("click", ask);
  form.addEventListener("submit", (event) => {
    if (form.elements.credential.value) return;
    event.preventDefault(); // Enter in the field for the name
    ask();
  });
  if (form.dataset.begin !== undefined) ask();
})();
