// The official npm client on a simulated model: node client.mjs URL TASK FACTS PRICES
// prints as JSON what it was answered, and which calls reached the tools.

import OpenAI from "openai";
import { zodFunction, zodResponseFormat } from "openai/helpers/zod";
import { z } from "zod";

const [url, task, facts, given] = process.argv.slice(2);
const prices = JSON.parse(given);
const client = new OpenAI({ baseURL: url, apiKey: "any", maxRetries: 0 });
const model = "sim-large";
const messages = [{ role: "user", content: task }];
const Bill = z.object({ nimbus: z.number(), aurora: z.number(), total: z.number() });

const calls = [];
const tools = [
  zodFunction({
    name: "search_price",
    description: "Look up a product's price in US dollars.",
    parameters: z.object({ product: z.string() }),
    function: ({ product }) => {
      calls.push(["search_price", product]);
      return { product, price_usd: prices[product] };
    },
  }),
  zodFunction({
    name: "calculate",
    description: "Compute an arithmetic expression exactly, such as '3 + 4'.",
    parameters: z.object({ expression: z.string() }),
    function: ({ expression }) => {
      calls.push(["calculate", expression]);
      return expression.split("+").reduce((sum, part) => sum + Number(part), 0);
    },
  }),
];

async function take(run) {
  const answer = await run.finalContent();
  return { answer, calls: calls.splice(0) };
}

const create = await client.chat.completions.create({ model, messages });
const parse = await client.chat.completions.parse({
  model,
  messages: [{ role: "user", content: facts }],
  response_format: zodResponseFormat(Bill, "bill"),
});
const stream = client.chat.completions.stream({
  model,
  messages,
  stream_options: { include_usage: true },
});
const pieces = [];
for await (const chunk of stream) {
  if (chunk.choices[0]?.delta.content) pieces.push(chunk.choices[0].delta.content);
}
const whole = await stream.finalContent();
const usage = await stream.totalUsage();

console.log(
  JSON.stringify({
    create: create.choices[0].message.content,
    parse: parse.choices[0].message.parsed,
    stream: { pieces, whole, tokens: usage.completion_tokens },
    run: await take(client.chat.completions.runTools({ model, messages, tools })),
    runStreamed: await take(
      client.chat.completions.runTools({ model, messages, tools, stream: true }),
    ),
  }),
);
