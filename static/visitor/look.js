// How the widget looks. A stylesheet that a script makes needs no leave to put styles into the page; a site sets the
// colours by --cvc-accent and --cvc-on-accent on keepsake-chat and keepsake-launchpad.
(() => {
  "use strict";
  const DARK = `
    --ground: #16181d; --raised: #20242c; --line: #3d4453; --text: #f2f4f8; --muted: #b3bccb;
    --theirs: #2b313c; --bad: #ffb4a9; --bad-ground: #4a1d17; --field: #11141a; --edge: #8791a3;`;
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`
    :host { --accent: var(--cvc-accent, #1d4ed8); --on-accent: var(--cvc-on-accent, #ffffff);
      --ground: #ffffff; --raised: #f4f6fa; --line: #d5dae3; --text: #151a23; --muted: #4d5766;
      --mine: var(--accent); --on-mine: var(--on-accent); --theirs: #eceff5; --bad: #8f1d12; --bad-ground: #fdeceA; --field: #ffffff; --edge: #717c8e;
      position: fixed; z-index: 2147483000; inset: auto 20px 20px auto; color-scheme: light;
      font: 400 16px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; color: var(--text); }
    :host([position="left"]) { inset: auto auto 20px 20px; }
    :host([theme="dark"]) { color-scheme: dark; ${DARK} }
    @media (prefers-color-scheme: dark) { :host(:not([theme="light"])) { color-scheme: dark; ${DARK} } }
    *, *::before, *::after { box-sizing: border-box; }
    [hidden] { display: none !important; }
    button, input, select, textarea { font: inherit; color: inherit; }
    :focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
    .launcher:focus-visible, .panel__head :focus-visible, .primary:focus-visible { outline-color: var(--text); }
    .panel__head :focus-visible { outline-color: var(--on-accent); outline-offset: 1px; }

    .launcher { display: flex; align-items: center; gap: 10px; min-height: 56px; padding: 12px 20px 12px 16px; border: 0; border-radius: 28px;
      background: var(--accent); color: var(--on-accent); font-weight: 600; cursor: pointer; box-shadow: 0 6px 20px rgb(0 0 0 / 28%); }
    .launcher svg { flex: none; width: 26px; height: 26px; fill: none; stroke: currentcolor; stroke-width: 2; stroke-linecap: round; stroke-linejoin: round; }
    /* Two of them stand side by side on a telephone. */
    @media (max-width: 420px) { .launcher { gap: 8px; max-width: calc(50vw - 24px); padding: 10px 14px 10px 12px; font-size: 15px; line-height: 1.2; text-align: start; overflow-wrap: anywhere; } }
    .badge { min-width: 24px; padding: 0 7px; border-radius: 12px; background: var(--on-accent); color: var(--accent); font-size: 14px; line-height: 24px; text-align: center; }

    .panel { position: fixed; inset: auto 20px 20px auto; display: none; flex-direction: column; width: 380px; max-width: calc(100vw - 40px);
      height: 600px; max-height: calc(100dvh - 40px); margin: 0; padding: 0; overflow: hidden; border: 1px solid var(--line); border-radius: 16px;
      background: var(--ground); color: var(--text); box-shadow: 0 12px 40px rgb(0 0 0 / 32%); }
    :host([position="left"]) .panel { inset: auto auto 20px 20px; }
    .panel[open] { display: flex; }
    .panel:focus { outline: none; }
    .panel::backdrop { background: rgb(0 0 0 / 40%); }
    @media (max-width: 520px) { .panel, :host([position="left"]) .panel { inset: 0; width: 100%; max-width: none; height: 100dvh; max-height: none; border: 0; border-radius: 0; } }

    .panel__head { display: flex; align-items: center; gap: 8px; padding: 12px 8px 12px 16px; background: var(--accent); color: var(--on-accent); }
    .panel__title { flex: 1; min-width: 0; margin: 0; overflow: hidden; font-size: 17px; font-weight: 650; text-overflow: ellipsis; white-space: nowrap; }
    .icon { display: grid; place-items: center; width: 44px; height: 44px; padding: 0; border: 0; border-radius: 10px; background: none; color: inherit; cursor: pointer; }
    .icon:hover { background: rgb(255 255 255 / 18%); }
    .icon svg { width: 22px; height: 22px; fill: none; stroke: currentcolor; stroke-width: 2.2; stroke-linecap: round; }
    .notice { margin: 0; padding: 10px 16px; border-bottom: 1px solid var(--line); background: var(--raised); font-size: 14.5px; }
    .notice--bad { background: var(--bad-ground); color: var(--bad); }
    .body { flex: 1; min-height: 0; padding: 16px; overflow-y: auto; overscroll-behavior: contain; }

    form { display: grid; gap: 14px; margin: 0; }
    .intro { margin: 0; }
    .question { display: grid; gap: 5px; }
    .question label { font-weight: 600; }
    .question small, .hint { color: var(--muted); font-size: 14px; font-weight: 400; }
    input:not([type="checkbox"]), select, textarea { width: 100%; min-height: 44px; padding: 9px 12px; border: 1px solid var(--edge); border-radius: 10px; background: var(--field); }
    input[type="checkbox"] { width: 22px; height: 22px; margin: 0; accent-color: var(--accent); }
    .question--check { grid-template-columns: auto 1fr; align-items: center; gap: 10px; }
    .question--check .wrong, .question--check small { grid-column: 1 / -1; }
    [aria-invalid="true"] { border-color: var(--bad); box-shadow: 0 0 0 1px var(--bad); }
    .wrong { margin: 0; color: var(--bad); font-size: 14.5px; }
    .button { min-height: 44px; padding: 9px 18px; border: 1px solid var(--edge); border-radius: 10px; background: var(--ground); font-weight: 600; cursor: pointer; }
    .primary { border-color: transparent; background: var(--accent); color: var(--on-accent); }
    .button[disabled] { opacity: .6; cursor: default; }
    .row { display: flex; flex-wrap: wrap; gap: 10px; }

    .log { display: flex; flex-direction: column; gap: 10px; margin: 0; padding: 0; list-style: none; }
    .said { display: grid; justify-items: start; max-width: 86%; align-self: flex-start; }
    .said--visitor { justify-items: end; align-self: flex-end; }
    .said__head { color: var(--muted); font-size: 13px; }
    .said__text { margin: 2px 0 0; padding: 9px 13px; border-radius: 14px 14px 14px 4px; background: var(--theirs); overflow-wrap: anywhere; white-space: pre-wrap; }
    .said--visitor .said__text { border-radius: 14px 14px 4px; background: var(--mine); color: var(--on-mine); }
    .said--system .said__text { border: 1px dashed var(--edge); background: none; }
    .said a { color: inherit; }
    .said__state { color: var(--muted); font-size: 13px; }
    .said__state--bad { color: var(--bad); }
    .typing { min-height: 22px; margin: 8px 0 0; color: var(--muted); font-size: 14px; }
    .dots::after { content: "…"; }
    .foot { padding: 12px 16px; border-top: 1px solid var(--line); background: var(--ground); }
    .write { grid-template-columns: 1fr auto; align-items: end; gap: 8px; }
    .write textarea { max-height: 140px; resize: none; }
    .write .hint { grid-column: 1 / -1; }
    .visually-hidden { position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }

    .ways { position: absolute; right: 0; bottom: 68px; display: grid; min-width: 240px; max-width: calc(100vw - 40px); padding: 8px; border: 1px solid var(--line); border-radius: 16px; background: var(--ground); box-shadow: 0 12px 40px rgb(0 0 0 / 32%); }
    :host([position="left"]) .ways { right: auto; left: 0; }
    ::slotted(a), ::slotted(button) { display: flex !important; align-items: center; min-height: 48px; padding: 10px 14px !important; border-radius: 10px; color: var(--text) !important; font: inherit !important; text-decoration: none !important; }
    ::slotted(a:hover), ::slotted(a:focus-visible) { background: var(--raised) !important; }
    ::slotted(a:focus-visible) { outline: 3px solid var(--accent) !important; outline-offset: -3px !important; }

    @media (prefers-reduced-motion: no-preference) {
      .launcher { transition: transform .15s; } .launcher:hover { transform: translateY(-2px); }
      .panel[open], .ways:not([hidden]) { animation: rise .18s ease-out; }
      @keyframes rise { from { opacity: 0; transform: translateY(12px); } }
      .dots::after { animation: blink 1.2s infinite; } @keyframes blink { 50% { opacity: .25; } }
    }
    @media (forced-colors: active) { .launcher, .button, .panel, .said__text { border: 1px solid; } }
    @media print { :host { display: none; } }
  `);
  window.cvcLook = sheet;
})();
