import { utf8 } from './bytes.ts'
import { fault, type UploadFault } from './upload-fault.ts'

const MAX_JSON_DEPTH = 64
const MAX_LINE = 1024 * 1024

/** Text begins like something that a browser or a server would run rather than show (WHATWG MIME Sniffing 7.1). */
const BEGINS_ACTIVE =
  /^(<!doctype html|<html|<head|<body|<script|<iframe|<svg|<\?php|<\?=|<\?xml|<%|<!--|#!|<h1|<div|<table|<style|<title|<img|<a |<p>|@echo off|mime-version:)/i

/** A text file read: its text, or what is wrong with it. */
export type TextReading = { readonly text: string } | UploadFault

/** Reads bytes as UTF-8 without control characters but tab, line and page ends. */
export function readText(bytes: Uint8Array): TextReading {
  const raw = utf8(bytes)
  if (raw === undefined) return fault('type-mismatch', 'the text is not UTF-8')
  const text = raw.startsWith('\ufeff') ? raw.slice(1) : raw
  const control = /[\u0000-\u0008\u000b\u000e-\u001f\u007f]/.exec(text)
  if (control) return fault('type-mismatch', `a control character at ${control.index} of the text`)
  return { text }
}

/** What is wrong with a plain text. Code within it is text; a file that begins as code is not. */
export function faultInPlain(text: string): UploadFault | undefined {
  const begin = text.slice(0, 512).trimStart()
  const match = BEGINS_ACTIVE.exec(begin)
  if (match) return fault('active-content', `a text that begins with \`${match[0]}\``)
  return undefined
}

/** What is wrong with a JSON text (RFC 8259): depth first, then the grammar. */
export function faultInJson(text: string): UploadFault | undefined {
  let depth = 0
  let isString = false
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (isString) {
      if (code === 0x5c) i++
      else if (code === 0x22) isString = false
    } else if (code === 0x22) isString = true
    else if (code === 0x7b || code === 0x5b) {
      if (++depth > MAX_JSON_DEPTH) return fault('archive-bomb', `JSON deeper than ${MAX_JSON_DEPTH}`)
    } else if (code === 0x7d || code === 0x5d) depth--
  }
  try {
    JSON.parse(text)
    return undefined
  } catch {
    return fault('type-mismatch', 'the content is not JSON')
  }
}

/**
 * What is wrong with a CSV (RFC 4180): quotes that do not end, and cells that a spreadsheet program runs (CSV injection):
 * a function, a DDE call or a link to a program. Negative numbers, phone numbers and @names are cells like others.
 */
export function faultInCsv(text: string): UploadFault | undefined {
  const active = faultInPlain(text)
  if (active) return active
  let at = 0
  let row = 1
  while (at < text.length) {
    let end: number
    let cell: string
    if (text[at] === '"') {
      end = quoteEnd(text, at + 1)
      if (end < 0) return fault('type-mismatch', `a quoted cell of line ${row} does not end`)
      cell = text.slice(at + 1, end)
      end++
      if (end < text.length && !isCellEnd(text.charCodeAt(end)))
        return fault('type-mismatch', `text behind a quoted cell of line ${row}`)
    } else {
      end = at
      while (end < text.length && !isCellEnd(text.charCodeAt(end))) end++
      cell = text.slice(at, end)
    }
    if (end - at > MAX_LINE) return fault('size', `a cell of line ${row} of more than ${MAX_LINE} characters`)
    if (isFormula(cell)) return fault('active-content', `a formula in line ${row}`)
    if (text[end] === '\n') row++
    at = end + 1
  }
  return undefined
}

function quoteEnd(text: string, from: number): number {
  let at = text.indexOf('"', from)
  while (at >= 0 && text[at + 1] === '"') at = text.indexOf('"', at + 2)
  return at
}

/** Comma, semicolon, tab, line ends: what separates cells somewhere. */
function isCellEnd(code: number): boolean {
  return code === 0x2c || code === 0x3b || code === 0x09 || code === 0x0a || code === 0x0d
}

function isFormula(cell: string): boolean {
  const begin = cell.slice(0, 512).trimStart()
  return /^[=+@-]/.test(begin) && (/[A-Za-z0-9_.]\(/.test(begin) || /\|[^!]{0,200}!/.test(begin))
}
