// What a customer's own script does: who is signed in, what is in the cart, and what the chat tells.
const events = document.getElementById("events");
const note = (words) => { const line = document.createElement("li"); line.textContent = words; events.append(line); };
const attempt = (words, act) => () => { try { act(); note(`${words}: done`); } catch (error) { note(`${words}: ${error.message}`); } };

cvc.attachEvent("chatState", (event) => note(`chatState: ${event.detail}`));
cvc.attachEvent("message", (event) => note(`message of ${event.detail.author}`));
document.getElementById("set_user").addEventListener("click", attempt("setUser", () => cvc.setUser("Maija Korhonen", "maija.korhonen@example.com")));
document.getElementById("set_cad").addEventListener("click", attempt("setCad", () => cvc.setCad({ customerType: "gold", customerId: "1234567" })));
document.getElementById("exit").addEventListener("click", attempt("exit", () => cvc.exit()));
