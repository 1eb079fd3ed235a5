// Files that are dropped or chosen are sent with how far they have come. Where a form is for files alone, several go one
// after the other, and each line says what became of its file. Answers are read as the pages that the form leads to
// without this script: of them the list of files is taken, or the service's words.
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

// A form for files alone.
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
    // A session that has ended is led to the sign-in page.
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

// A form with a file among other fields: what is dropped stands in the field until it is sent with them.
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
