// The host's colours. Values are parsed, and what is not a colour, a length in range or a known word is left out; nothing of the
// host's text gets into a style sheet.

/** @typedef {{ accent?: unknown, radius?: unknown, colorScheme?: unknown }} Theme as the host gave it */
/** @typedef {[number, number, number]} Rgb 0 to 255 each */

/** WCAG 2.2, 1.4.3: text and its background. */
const CONTRAST = 4.5;
const LARGEST_RADIUS_PX = 24;
/** @type {Record<'light' | 'dark', Rgb>} */
const SURFACES = { light: [244, 246, 249], dark: [25, 31, 40] };

/**
 * Applies what is usable of a theme to the document.
 * @param {unknown} given
 */
export function applyTheme(given, root = document.documentElement) {
  const theme = /** @type {Theme} */ (given !== null && typeof given === 'object' ? given : {});
  const scheme = theme.colorScheme === 'light' || theme.colorScheme === 'dark' ? theme.colorScheme : null;
  if (scheme) {
    for (const rule of schemeRules()) rule.media.mediaText = scheme === 'dark' ? 'all' : 'not all';
    root.style.setProperty('color-scheme', scheme);
  }
  const isDark = scheme ? scheme === 'dark' : globalThis.matchMedia('(prefers-color-scheme: dark)').matches;
  const accent = parseColour(theme.accent);
  if (accent) {
    const ground = SURFACES[isDark ? 'dark' : 'light'];
    const shown = legible(accent, ground);
    root.style.setProperty('--accent', css(shown));
    root.style.setProperty('--accent-strong', css(mix(shown, isDark ? [255, 255, 255] : [0, 0, 0], 0.2)));
    root.style.setProperty('--accent-soft', css(mix(shown, ground, 0.9)));
    root.style.setProperty('--on-accent', contrast(shown, [255, 255, 255]) >= CONTRAST ? '#ffffff' : '#000000');
  }
  if (typeof theme.radius === 'number' && theme.radius >= 0 && theme.radius <= LARGEST_RADIUS_PX) {
    root.style.setProperty('--radius', `${theme.radius}px`);
    root.style.setProperty('--radius-card', `${theme.radius * 1.5}px`);
  }
}

/** The rules that follow the system's colour scheme. */
function schemeRules() {
  const rules = [...document.styleSheets].flatMap((sheet) => [...sheet.cssRules]);
  return rules
    .filter((rule) => rule instanceof CSSMediaRule)
    .filter(({ media }) => media.mediaText.includes('prefers-color-scheme: dark'));
}

/** `#rgb` or `#rrggbb`. @param {unknown} text @returns {Rgb | null} */
export function parseColour(text) {
  const digits = typeof text === 'string' ? /^#([0-9a-f]{3}|[0-9a-f]{6})$/i.exec(text)?.[1] : undefined;
  if (!digits) return null;
  const long = digits.length === 3 ? [...digits].map((digit) => digit + digit).join('') : digits;
  const value = Number.parseInt(long, 16);
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}

/** The colour, moved away from the ground until text in it can be read there. @type {(colour: Rgb, ground: Rgb) => Rgb} */
export function legible(colour, ground) {
  /** @type {Rgb} */
  const end = luminance(ground) > 0.5 ? [0, 0, 0] : [255, 255, 255];
  for (let share = 0; share < 1; share += 0.05) {
    const tried = mix(colour, end, share);
    if (contrast(tried, ground) >= CONTRAST) return tried;
  }
  return end;
}

/** @type {(one: Rgb, other: Rgb, share: number) => Rgb} */
function mix(one, other, share) {
  /** @param {0 | 1 | 2} part */
  const part = (part) => Math.round(one[part] * (1 - share) + other[part] * share);
  return [part(0), part(1), part(2)];
}

/** WCAG's contrast ratio. @type {(one: Rgb, other: Rgb) => number} */
export function contrast(one, other) {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return ((high ?? 0) + 0.05) / ((low ?? 0) + 0.05);
}

/** WCAG's relative luminance. @param {Rgb} colour */
function luminance(colour) {
  const [r, g, b] = colour.map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * (r ?? 0) + 0.7152 * (g ?? 0) + 0.0722 * (b ?? 0);
}

/** @param {Rgb} colour */
function css(colour) {
  return `#${colour.map((part) => part.toString(16).padStart(2, '0')).join('')}`;
}
