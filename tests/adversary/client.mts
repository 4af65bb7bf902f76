// What a shop writes in TypeScript against the generated description of the API.
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

const client = createClient<paths>({ baseUrl: process.argv[2] });

function right(held: boolean, shown: unknown): asserts held {
  if (!held) throw new Error(JSON.stringify(shown));
}

const ready = await client.GET("/health/ready");
right(ready.data?.status === "ready", ready);

const view = { user_id: "u03", event: "view", item_id: "i03" };
const taken = await client.POST("/v1/events", { body: view });
right(taken.data?.accepted === 1, taken);

const list = await client.GET("/v1/users/{user_id}/recommendations", {
  params: { path: { user_id: "u03" }, query: { limit: 3 } },
});
const items: components["schemas"]["RecommendedItem"][] = list.data?.items ?? [];
right(items.map((item) => item.rank).join() === "1,2,3", list);

const shelf = await client.GET("/v1/placements/{placement_id}/items", {
  params: { path: { placement_id: "default" }, query: { user_id: "team/a" } },
});
right(shelf.data?.user_id === "team/a", shelf);

const wrong = await client.GET("/v1/users/{user_id}/recommendations", {
  params: { path: { user_id: "u03" }, query: { device: "\0" } },
});
const problem: components["schemas"]["Problem"] | undefined = wrong.error;
right(problem?.status === 422 && problem.code === "bad_query", wrong);

await client.GET("/v1/users/{user_id}/recommendations", {
  // @ts-expect-error the description says that it is a number
  params: { path: { user_id: "u03" }, query: { limit: "three" } },
});
