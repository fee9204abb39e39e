// What a receipt says, in plain words. Names of purposes are in the reader's language where the banner has them.

const LANGUAGE = navigator.language;

const DONE = { granted: "You said yes to", revoked: "You said no to", pending: "You were asked about" };
const GROUNDS = {
  consent: "Your consent",
  legitimate_interest: "The site’s legitimate interest, to which you can object",
  contract: "A contract with you",
};

/** The name of a purpose, and the language it is in. */
async function purpose(name) {
  try {
    const names = await (await fetch("/pages/core/purposes.json")).json();
    const language = [LANGUAGE, LANGUAGE.split("-")[0], "en"].find((tag) => names[tag]?.[name]);
    if (language) return [names[language][name], language];
  } catch {
    // The name that the site has for it says it as well.
  }
  return [name, "zxx"];
}

function moment(time) {
  const shown = document.createElement("time");
  shown.dateTime = time;
  shown.textContent = new Date(time).toLocaleString("en-GB", { dateStyle: "long", timeStyle: "long" });
  return shown;
}

/** Says what it is in the parts of the page. */
export async function show({ log, log_index: place, included_by: by, record }, part) {
  const [name, language] = await purpose(record.purpose);
  const named = document.createElement("q");
  named.lang = language;
  named.dir = "auto";
  named.textContent = name;
  part("what").replaceChildren(`${DONE[record.status]} `, named);
  const { notice } = record.details;
  const shownAs = notice && `Version ${notice.version}, in ${new Intl.DisplayNames(["en"], { type: "language" }).of(notice.language)}`;
  const facts = [
    ["When", moment(record.decided_at ?? record.timestamp)],
    ["Recorded", moment(record.timestamp)],
    ["Site", record.site],
    ["Ground", GROUNDS[record.legal_basis]],
    ["What you were shown", shownAs ?? (record.notice_hash ? "Words that the log has the hash of" : "Not recorded")],
    ["Recorded by", record.performed_by === "user" ? "You, in your browser or app" : "The site, for you"],
    ["Number of the record", record.id],
  ];
  part("facts").replaceChildren(
    ...facts.flatMap(([term, value]) => {
      const [dt, dd] = [document.createElement("dt"), document.createElement("dd")];
      dt.textContent = term;
      dd.append(value);
      return [dt, dd];
    }),
  );
  part("promise").replaceChildren(`It has place ${place} in the log ${log}, which proves it by `, moment(by), " at the latest.");
}
