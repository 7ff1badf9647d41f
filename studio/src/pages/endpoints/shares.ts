/** Parts of the traffic: whole percents that make a hundred. */

/** What variants of these weights get. Source: developer guide, "Production variants": a weight by the sum of all. */
export function shares(weights: readonly number[]): number[] {
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return sum ? rounded(weights.map((weight) => (weight / sum) * 100), 100) : weights.map(() => 0);
}

/** One is given `share`; the others keep their proportions in what is left. */
export function moved(before: readonly number[], index: number, share: number): number[] {
  const others = before.filter((_, at) => at !== index);
  const sum = others.reduce((total, one) => total + one, 0);
  const left = rounded(others.map((one) => (sum ? one / sum : 1 / others.length) * (100 - share)), 100 - share);
  return [...left.slice(0, index), share, ...left.slice(index)];
}

/** Whole numbers with that sum; those that lose most by it are rounded up. */
function rounded(exact: readonly number[], sum: number): number[] {
  const floors = exact.map(Math.floor);
  const missing = sum - floors.reduce((total, one) => total + one, 0);
  const order = exact.map((value, index) => [value - Math.floor(value), index] as const).sort(([one], [other]) => other - one);
  for (const [, index] of order.slice(0, missing)) floors[index] = (floors[index] ?? 0) + 1;
  return floors;
}
