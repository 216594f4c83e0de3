/**
 * The colour scale of the heat map. In dark mode it is viridis with a darker end. In light mode it is viridis reversed, with a
 * pale end. So in both modes a weight of 0 looks like the page. Lightness changes monotonically in each.
 */

type Rgb = [number, number, number];

const DARK = ["#23173a", "#482878", "#3e4989", "#31688e", "#26828e", "#1f9e89", "#35b779", "#6ece58", "#b5de2b"];
const LIGHT = ["#f3f3ec", "#e2ebba", "#b3db78", "#66c26f", "#2fa383", "#26828e", "#31688e", "#3e4989", "#440154"];

const parse = (hex: string): Rgb => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)) as Rgb;
const scales = { light: LIGHT.map(parse), dark: DARK.map(parse) };

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
const ink = (color: Rgb): string => (luminance(color) > 0.18 ? "#10130f" : "#ffffff");
const both = (use: (color: Rgb) => string, level: number): string =>
  `light-dark(${use(mix(scales.light, level))}, ${use(mix(scales.dark, level))})`;

/** CSS colours for a level from 0 to 1. */
export function heat(level: number): { fill: string; ink: string } {
  return { fill: both(css, level), ink: both(ink, level) };
}

/** The scale from left to right. */
export function heatGradient(): string {
  const stops = Array.from({ length: 17 }, (_, i) => both(css, i / 16));
  return `linear-gradient(to right, ${stops.join(", ")})`;
}
