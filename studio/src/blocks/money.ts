/** Dollars, as a bill has them; below a cent, the digits that say something. */
const dollars = new Intl.NumberFormat("en", { style: "currency", currency: "USD" });
const fractions = new Intl.NumberFormat("en", { style: "currency", currency: "USD", maximumSignificantDigits: 2 });

export function money(amount: number): string {
  return amount > 0 && amount < 0.01 ? fractions.format(amount) : dollars.format(amount);
}
