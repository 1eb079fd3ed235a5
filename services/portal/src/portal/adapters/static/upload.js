// Sends files that are dropped or chosen, and shows their progress. If a form has only files, several are sent one
// after the other, and one line for each file shows its result. The answer is the page to which the form leads without
// this script; the list of files, or the service's refusal, is taken from that page.
const most = 10 << 20;

function text(element, words) {
  element.textContent = words;
  return element;
}

function meter(name) {
  const progress = document.createElement("progress");
  progress.value = 0;
  progress.setAttribute("aria-label", name);
  return progress;
}

function send(address, data, progress) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open("POST", address);
    request.responseType = "document";
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) progress.value = event.loaded / event.total;
    });
    request.addEventListener("loadend", () => resolve(request));
    request.send(data);
  });
}

function catchDrops(form, take) {
  form.addEventListener("dragover", (event) => {
    event.preventDefault();
    form.classList.add("over");
  });
  for (const ends of ["dragleave", "drop"]) form.addEventListener(ends, () => form.classList.remove("over"));
  form.addEventListener("drop", (event) => {
    event.preventDefault();
    take(event.dataTransfer.files);
  });
}

function refusal(answered) {
  const told = answered?.querySelectorAll(".refusal li, .refusal > p") ?? [];
  return [...told].map((each) => each.textContent.trim()).join(" ");
}

// A form that has only files.
function enhanceList(form) {
  const input = form.querySelector("input[type=file]");
  const lines = form.querySelector(".uploads");
  const status = form.querySelector("[role=status]");
  const { sending, done, large, broken } = lines.dataset;
  let waiting = Promise.resolve();

  function tell(file, line, progress, outcome, refused) {
    progress.remove();
    line.append(outcome);
    line.classList.toggle("late", refused);
    status.textContent = `${file.name}: ${outcome}`;
  }

  async function pass(file, line, progress) {
    status.textContent = `${file.name}: ${sending}`;
    if (file.size > most) return tell(file, line, progress, large, true);
    const data = new FormData();
    data.append(input.name, file);
    const request = await send(form.action, data, progress);
    const answered = request.response;
    if (request.status !== 200) return tell(file, line, progress, refusal(answered) || broken, true);
    const list = answered?.querySelector("[data-files]");
    // If the session has ended, go to the sign-in page.
    if (!list) return location.reload();
    document.querySelector("[data-files]").replaceWith(document.adoptNode(list));
    tell(file, line, progress, done, false);
  }

  function take(files) {
    for (const file of files) {
      const line = lines.appendChild(text(document.createElement("li"), `${file.name} `));
      const progress = line.appendChild(meter(file.name));
      waiting = waiting.then(() => pass(file, line, progress));
    }
  }

  input.multiple = true;
  form.querySelector(".drop").hidden = false;
  catchDrops(form, take);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    take([...input.files]);
    input.value = "";
  });
}

// A form with a file and other fields: a dropped file stays in its field until the whole form is sent.
function enhanceField(input) {
  const { form } = input;
  catchDrops(form, (files) => {
    const taken = new DataTransfer();
    for (const file of [...files].slice(0, input.multiple ? files.length : 1)) taken.items.add(file);
    input.files = taken.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });
  form.addEventListener("submit", async (event) => {
    if (!input.files.length) return;
    event.preventDefault();
    const { submitter } = event;
    const progress = meter(input.files[0].name);
    input.after(progress);
    const buttons = [...form.querySelectorAll("button")];
    const data = new FormData(form, submitter);
    for (const button of buttons) button.disabled = true;
    const address = submitter?.hasAttribute("formaction") ? submitter.formAction : form.action;
    const request = await send(address, data, progress);
    if (request.status === 200 && request.responseURL !== address) return location.assign(request.responseURL);
    progress.remove();
    for (const button of buttons) button.disabled = false;
    const answered = request.response?.querySelector("main");
    if (!answered) return form.submit();
    document.querySelector("main").replaceWith(document.adoptNode(answered));
    enhance();
    document.querySelector("main .refusal")?.focus();
  });
}

function enhance() {
  document.querySelectorAll("form[data-upload]").forEach(enhanceList);
  document.querySelectorAll("form:not([data-upload]) input[type=file]").forEach(enhanceField);
}

enhance();
