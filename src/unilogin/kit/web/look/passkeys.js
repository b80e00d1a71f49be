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

  const answer = ({ id, type, response }) => {
    const said = { clientDataJSON: text(response.clientDataJSON) };
    for (const part of ["attestationObject", "authenticatorData", "signature", "userHandle"])
      if (response[part]) said[part] = text(response[part]);
    if (response.getTransports) said.transports = response.getTransports();
    return JSON.stringify({ id, rawId: id, type, response: said });
  };

  const says = form.querySelector("[data-passkey-says]");
  const say = (sentence) => {
    const line = document.createElement("p");
    line.textContent = sentence;
    says.className = sentence ? "message message-error" : "";
    says.replaceChildren(...(sentence ? [line] : []));
  };

  let asking = false;
  const ask = async () => {
    if (asking) return;
    asking = true;
    say("");
    try {
      const given = await navigator.credentials[form.dataset.passkey]({ publicKey: question() });
      form.elements.credential.value = answer(given);
      form.requestSubmit();
    } catch (problem) {
      const { cancelled, failed, twice } = form.dataset;
      say({ NotAllowedError: cancelled, AbortError: cancelled, InvalidStateError: twice }[problem.name] ?? failed);
    } finally {
      asking = false;
    }
  };

  form.querySelector("[data-passkey-go]").addEventListener("click", ask);
  if (form.dataset.begin !== undefined) ask();
})();
