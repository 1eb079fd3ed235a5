// A mail's link carries its code after the "#", so that it reaches no server's log. This script puts the code into its
// field.
const field = document.getElementById("token");

function read() {
  if (!field || location.hash.length < 20) return;
  field.value = location.hash.slice(1);
  history.replaceState(null, "", location.pathname);
  if ("opens" in field.form.dataset) field.form.requestSubmit();
}

read();
addEventListener("hashchange", read);
