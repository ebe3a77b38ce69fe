import { type Reply, textReply } from '../../core/reply.ts'

/** The only script of the pages: it asks the browser for passkeys, and nothing else works by it. */
export function scriptPage(): Reply {
  return textReply(200, 'text/javascript; charset=utf-8', SCRIPT)
}

/**
 * A form with `data-passkey` is shown where the browser has passkeys. Sending it asks for one (`get`) or makes one
 * (`create`), puts the answer into the form and sends that: so the server sees a form like any other.
 */
const SCRIPT = `'use strict'
const REFRESH_MS = 240000

async function optionsOf(form) {
  const address = form.dataset.address ? document.querySelector(form.dataset.address).value.trim() : ''
  if (address === '') return JSON.parse(form.dataset.options)
  return fetchOptions(form, address)
}

async function fetchOptions(form, email) {
  const answer = await fetch(form.dataset.fetch, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ email }),
  })
  if (!answer.ok) throw new Error('no options')
  return answer.json()
}

async function ask(form, options, more) {
  if (form.dataset.passkey === 'create') {
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options)
    return navigator.credentials.create({ publicKey })
  }
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options)
  return navigator.credentials.get({ publicKey, ...more })
}

function send(form, credential) {
  form.elements.passkey.value = JSON.stringify(credential)
  form.submit()
}

function prepare(form) {
  const failed = form.querySelector('[data-failed]')
  let waiting = new AbortController()
  form.hidden = false
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    waiting.abort()
    failed.hidden = true
    try {
      send(form, await ask(form, await optionsOf(form), {}))
    } catch {
      failed.hidden = false
    }
  })
  const suggest = async (options) => {
    waiting = new AbortController()
    const { signal } = waiting
    const stale = setTimeout(async () => {
      waiting.abort()
      suggest(await fetchOptions(form, ''))
    }, REFRESH_MS)
    try {
      send(form, await ask(form, options, { mediation: 'conditional', signal }))
    } catch {
      if (signal.aborted) return
    }
    clearTimeout(stale)
  }
  if (form.dataset.suggest === undefined) return
  PublicKeyCredential.isConditionalMediationAvailable?.().then((isThere) => {
    if (isThere) suggest(JSON.parse(form.dataset.options))
  })
}

if (typeof PublicKeyCredential === 'function' && PublicKeyCredential.parseRequestOptionsFromJSON) {
  for (const form of document.querySelectorAll('form[data-passkey]')) prepare(form)
}
`
