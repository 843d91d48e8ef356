// Drives Pyro's MCP server with the official TypeScript client and prints what it saw as one JSON document.
// usage: node client.mjs SCENARIO SERVER [ARGUMENTS]     SERVER (program and arguments) and ARGUMENTS as JSON
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';

const [scenario, server, json] = process.argv.slice(2);
const [command, ...args] = JSON.parse(server);
const transport = new StdioClientTransport({
  command,
  args,
  env: process.env,
  stderr: 'inherit',
});
const client = new Client({ name: 'pyro-test', version: '1' });
const noise = [];
client.onerror = error => noise.push(String(error));
await client.connect(transport);

const call = (options = {}) =>
  client.callTool({ name: 'vm_run', arguments: JSON.parse(json ?? '{}') }, undefined, { timeout: 60_000, ...options });

const scenarios = {
  async describe() {
    return {
      server: client.getServerVersion(),
      capabilities: client.getServerCapabilities(),
      instructions: client.getInstructions(),
      ...(await client.listTools()),
    };
  },
  async call() {
    // listTools first: only then does the client check results against the output schema.
    await client.listTools();
    return await call();
  },
  async progress() {
    const progress = [];
    const result = await call({ onprogress: value => progress.push(value) });
    return { result, progress };
  },
  async cancel() {
    const abort = new AbortController();
    const pending = call({ signal: abort.signal }).then(() => 'completed', error => String(error));
    await new Promise(resolve => setTimeout(resolve, 1500));
    abort.abort('enough');
    const outcome = await pending;
    // The server answers after a cancelled call as before it.
    const { tools } = await client.listTools();
    await new Promise(resolve => setTimeout(resolve, 500));
    return { outcome, tools: tools.length };
  },
  async several() {
    return await Promise.all([1, 2, 3, 4].map(async number => {
      const result = await client.callTool({ name: 'vm_run', arguments: { command: `sleep 1; echo ${number}`, allow_host_compat: true } });
      return result.structuredContent.stdout;
    }));
  },
  // Calls one after the other: $id stands for the workspace that the first result names. A call with cancel_after_ms is cancelled.
  async session() {
    await client.listTools();
    const results = [];
    let id;
    for (const { name, arguments: given, cancel_after_ms } of JSON.parse(json)) {
      const call = JSON.parse(JSON.stringify(given ?? {}).replaceAll('$id', id ?? ''));
      const progress = [];
      const options = { timeout: 600_000, onprogress: value => progress.push(value.message) };
      const abort = new AbortController();
      if (cancel_after_ms) {
        options.signal = abort.signal;
        setTimeout(() => abort.abort('enough'), cancel_after_ms);
      }
      try {
        const result = await client.callTool({ name, arguments: call }, undefined, options);
        id ??= result.structuredContent?.workspace_id;
        results.push({ ok: !result.isError, content: result.structuredContent ?? JSON.parse(result.content[0].text), progress });
      } catch (error) {
        results.push({ ok: false, thrown: String(error), progress });
      }
    }
    return results;
  },
  async unknown() {
    try {
      return await client.callTool({ name: 'no_such_tool', arguments: {} });
    } catch (error) {
      return { code: error.code, message: error.message };
    }
  },
};

const answer = await scenarios[scenario]();
await client.close();
console.log(JSON.stringify({ answer, noise }));
