/** The table of device faults, without the rows of `npm run test:soak`. */

import { testDeviceFaults } from "../../support/node/device-faults";
import { deviceFaults } from "./devices";

testDeviceFaults(deviceFaults.filter(({ soak }) => !soak));
