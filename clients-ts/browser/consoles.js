/** The consoles of the docs pages: every envelope is spoken, requests go over HTTP, and tokens stay where they are typed. */
import { createHmac } from 'node:crypto';
import { join } from 'node:path';
import { check, none, openPage, patienceMs, pictures, startServer } from './harness.js';

const secret = 'known to this look at a browser and its server';

/** A token that is good for ten minutes. */
function mint(subject) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { sub: subject, exp: Math.floor(Date.now() / 1000) + 600 };
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

/** The page's console, as its user works with it. */
function consoleOf(page) {
  return {
    connect: () => page.getByRole('button', { name: 'Connect', exact: true }).click(),
    disconnect: () => page.getByRole('button', { name: 'Disconnect', exact: true }).click(),
    send: async (what) => {
      await page.selectOption('#what', what);
      await page.getByRole('button', { name: 'Send', exact: true }).click();
    },
    sendText: async (what, text) => {
      await page.selectOption('#what', what);
      if (await page.isVisible('#as-json')) await page.click('#as-json');
      await page.fill('#editor', text);
      await page.getByRole('button', { name: 'Send', exact: true }).click();
    },
    shows: (text) => page.locator('#log', { hasText: text }).waitFor({ timeout: patienceMs }),
    says: (text) => page.locator('#closed', { hasText: text }).waitFor({ timeout: patienceMs }),
  };
}

const works = {
  charts: async ({ connect, send, sendText, shows }) => {
    await connect();
    await shows('chart:zones');
    await send('POST /trigger-chart-update');
    await shows('200 {"status": "broadcasted"');
    await sendText('POST /trigger-chart-update', '{"timeframe": }');
    await shows('Not sent: the payload is not JSON.');
  },
  bot: async ({ connect, send, shows }) => {
    await connect();
    await shows('STATE_SNAPSHOT');
    await shows('ACCOUNT_UPDATE');
    await send('GET /api/state');
    await shows('200 {"account": ');
  },
  screener: async ({ connect, send, shows }) => {
    await connect();
    await send('subscribe/subscribe');
    await shows('ack');
    await shows('ticker');
    await send('barePing/barePing');
    await shows('pong');
  },
  carry: async ({ connect, send, shows }) => {
    await connect();
    await shows('connection_established');
    await shows('equity_update');
    await send('GET /health');
    await shows('"queued_messages"');
  },
};

/** Phones are narrow and often dark. */
async function lookAtPhone(page, app) {
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.setViewportSize({ width: 390, height: 844 });
  await page.screenshot({ path: join(pictures, `docs-${app}-phone.png`) });
  const tooWide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  if (tooWide > 0) throw new Error(`it is ${String(tooWide)} px too wide`);
}

/** A page that is printed, archived or read where scripts are not allowed is all text, and offers nothing that would do nothing. */
async function lookWithoutScripts(browser, address, app) {
  const context = await browser.newContext({
    javaScriptEnabled: false,
    viewport: { width: 390, height: 844 },
  });
  const page = await context.newPage();
  await page.goto(address);
  await page.screenshot({ path: join(pictures, `docs-${app}-plain.png`) });
  const dead = await page.locator('button:visible, select:visible, input:visible').count();
  if (dead > 0) throw new Error(`${String(dead)} things to press do nothing`);
  const target = await page.locator('nav a[href^="#"]:visible').first().getAttribute('href');
  await page.locator(`[id="${target.slice(1)}"]`).waitFor({ timeout: patienceMs });
  await context.close();
}

async function lookAtTokens(browser, program) {
  const { server, socket } = startServer(program, ['--auth-mode', 'required', '--auth-secret', secret]);
  try {
    const address = `${(await socket).replace('ws://', 'http://')}/asyncapi`;
    const { page, errors } = await openPage(browser, address);
    const { connect, disconnect, send, shows, says } = consoleOf(page);
    await check('a console without a token is told so', async () => {
      await connect();
      await says('Authentication required');
    });
    for (const way of ['subprotocol', 'query']) {
      await check(`a token typed into the console is sent by ${way}, and shown nowhere`, async () => {
        const token = mint(`desk-${way}`);
        await page.fill('#token', token);
        await page.selectOption('#by', way);
        await page.getByRole('button', { name: 'Clear', exact: true }).click();
        await connect();
        await shows('connection_established');
        await send('GET /');
        await shows('200 {');
        const [text, url] = [await page.content(), page.url()];
        if (`${text}${url}`.includes(token)) throw new Error('the page shows it');
        await disconnect();
      });
    }
    await check('the page with a token reports no error', () => none(errors));
    await page.close();
  } finally {
    server.kill();
  }
}

/** Looks at the docs page of every app beside the default one. */
export async function lookAtConsoles(browser, programs) {
  for (const [app, work] of Object.entries(works)) {
    const { server, socket } = startServer(programs[app]);
    try {
      const address = `${(await socket).replace('ws://', 'http://')}/asyncapi`;
      const { page, errors } = await openPage(browser, address);
      await check(`the console of ${app} works`, () => work(consoleOf(page)));
      await page.screenshot({ path: join(pictures, `docs-${app}.png`) });
      await check(`the docs page of ${app} fits a phone`, () => lookAtPhone(page, app));
      await check(`the docs page of ${app} reports no error`, () => none(errors));
      await check(`the docs page of ${app} can be read without scripts`, () =>
        lookWithoutScripts(browser, address, app),
      );
      await page.close();
    } finally {
      server.kill();
    }
  }
  await lookAtTokens(browser, programs.carry);
}
