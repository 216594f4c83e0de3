/**
 * The colour scales. Shares and sizes are viridis: in dark mode with a darker end, in light mode reversed, with a pale end, so in
 * both modes 0 looks like the page. Values with a sign go from blue over the colour of the page to orange. Lightness changes
 * monotonically from 0 in each.
 */

type Rgb = [number, number, number];
export type Scale = "share" | "signed";

const STOPS: Record<Scale, { light: string[]; dark: string[] }> = {
  share: {
    light: ["#f3f3ec", "#e2ebba", "#b3db78", "#66c26f", "#2fa383", "#26828e", "#31688e", "#3e4989", "#440154"],
    dark: ["#23173a", "#482878", "#3e4989", "#31688e", "#26828e", "#1f9e89", "#35b779", "#6ece58", "#b5de2b"],
  },
  signed: {
    light: ["#0b3c7a", "#3f7fc1", "#a9c9e8", "#f3f3ec", "#f6c598", "#d9772b", "#8a3b05"],
    dark: ["#9ecbff", "#4a8fd6", "#264a70", "#23262a", "#6b4320", "#d9823b", "#ffc48a"],
  },
};

const parse = (hex: string): Rgb => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)) as Rgb;
const of = ({ light, dark }: { light: string[]; dark: string[] }) => ({
  light: light.map(parse),
  dark: dark.map(parse),
});
const scales = { share: of(STOPS.share), signed: of(STOPS.signed) };

function mix(stops: Rgb[], level: number): Rgb {
  const at = Math.min(Math.max(level, 0), 1) * (stops.length - 1);
  const low = Math.min(Math.floor(at), stops.length - 2);
  return stops[low].map((value, i) => Math.round(value + (stops[low + 1][i] - value) * (at - low))) as Rgb;
}

/** WCAG relative luminance. */
function luminance(color: Rgb): number {
  const [r, g, b] = color.map((c) => (c <= 10 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

const css = (color: Rgb): string => `rgb(${color.join(" ")})`;
/** Of black and white the one with more contrast, which is at least 4.5 on any colour. */
const ink = (color: Rgb): string => (luminance(color) > 0.179 ? "#000000" : "#ffffff");
const both = (use: (color: Rgb) => string, level: number, scale: Scale): string =>
  `light-dark(${use(mix(scales[scale].light, level))}, ${use(mix(scales[scale].dark, level))})`;

/** CSS colours for a level from 0 to 1. */
export function heat(level: number, scale: Scale = "share"): { fill: string; ink: string } {
  return { fill: both(css, level, scale), ink: both(ink, level, scale) };
}

/** The scale from left to right. */
export function heatGradient(scale: Scale = "share"): string {
  const stops = Array.from({ length: 17 }, (_, i) => both(css, i / 16, scale));
  return `linear-gradient(to right, ${stops.join(", ")})`;
}

const darkMode = matchMedia("(prefers-color-scheme: dark)");

/** For a canvas, which knows no light-dark(): the colour of a level in the mode that is on now. */
export function pixel(level: number, scale: Scale): Rgb {
  return mix(scales[scale][darkMode.matches ? "dark" : "light"], level);
}

/** Calls `draw` now and whenever the mode changes, as long as `element` is in the page. */
export function drawInModes(element: Element, draw: () => void): void {
  draw();
  const again = (): void => {
    if (element.isConnected) draw();
    else darkMode.removeEventListener("change", again);
  };
  darkMode.addEventListener("change", again);
}

/** The ends of the scale for these values, and where a value lies between them. */
export function levels(values: Iterable<number>, scale: Scale): { low: number; high: number } {
  let high = Number.EPSILON;
  for (const value of values) if (!Number.isNaN(value)) high = Math.max(high, Math.abs(value));
  return { low: scale === "signed" ? -high : 0, high };
}
