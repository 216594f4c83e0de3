/** The demo page: a header with the model, and the view that the address names. */

import { checkSupport } from "../src/index";
import { footer, startHeader } from "./shell/header";
import { ModelHost } from "./shell/host";
import { openTextModels } from "./shell/model-dialog";
import { readHash, startRouter } from "./shell/router";
import { byId } from "./ui/dom";

const host = new ModelHost();
const support = checkSupport();
startHeader(host, support);
byId("foot", HTMLElement).append(footer());
startRouter((link) => ({ host, support, sentence: { text: "" }, link }));
void host.load({});

// A link may name a model. It is looked at, not fetched: the visitor sees its size first.
const named = readHash(location.hash).parameters.get("model");
if (named) openTextModels(host, named);
