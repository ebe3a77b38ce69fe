import { type KnownBot, KNOWN_BOTS } from './bots-known.ts'

/** What a User-Agent says of its sender. */
export type AgentClaim =
  | { readonly kind: 'known'; readonly bots: readonly KnownBot[] }
  | { readonly kind: 'scanner'; readonly word: string }
  | { readonly kind: 'declared'; readonly why: string }
  | { readonly kind: 'person' }

const MAX_LENGTH = 1024
const MAX_SHOWN = 40
const JOINTS = /[-._]/
const PERSON: AgentClaim = { kind: 'person' }

/** Tools that look for weaknesses, by the words with which they introduce themselves. */
const SCANNERS = new Set(
  `acunetix appscan appspider arachni bbot bewica-security-scan bfac cmsmap commix crlfuzz dalfox detectify dirb dirbuster
  dirsearch dotdotpwn droopescan feroxbuster ffuf fimap fuzz ghauri gobuster graphw00f graphql-cop havij hexometer
  hydra interactsh invicti ironwasp jaeles jbrofuzz joomscan jorgee jsql kadimus katana l9explore l9tcpid leakix lfimap lfisuite
  libwhisker masscan metasploit morfeus mozlila n-stalker nessus netlab360 netsparker nettacker nikto nmap noseyparker nuclei
  openvas panoptic projectdiscovery qualysguard shortscan sitelockspider skipfish sqlmap sqlninja sstimap sysscan tinja tplmap
  tsunamisecurityscanner w3af wapiti wfuzz webshag whatwaf whatweb wpprecon wpprobe wpscan xsser xsstrike
  yeswehack-hunter zgrab zmeu`.split(/\s+/),
)

/** Libraries and tools that send requests for programs. */
const LIBRARIES = new Set(
  `aiohttp apache-httpclient apachebench aria2 axios bot bots chrome-lighthouse colly crawler curl cypress dart elb-healthchecker
  fasthttp feedfetcher feedparser fetcher go-http-client googlehc got guzzlehttp headlesschrome httpie httpunit httpx httrack
  insomnia jakarta java jersey jmeter k6 kube-probe libcurl libwww libwww-perl lighthouse linkchecker locust lua-resty-http lwp
  lwp-trivial mechanize monitor monitoring node node-fetch node-superagent okhttp perl phantomjs php playwright postmanruntime
  powershell prometheus puppeteer python python-httpx python-requests python-urllib reqwest rest-client restsharp robot ruby
  scraper scrapy selenium siege slimerjs spider superagent typhoeus undici unirest uptime-kuma urlgrabber validator vegeta
  webpagetest wget windowspowershell winhttp wrk`.split(/\s+/),
)

/** How words for such programs end. */
const ENDINGS =
  'bot bots spider fetcher checker checklink monitor monitoring preview scanner survey validator'.split(' ')

/** Makes of telephones that end like a bot's name. */
const DEVICES = new Set(['cubot'])

const BY_TOKEN = new Map(KNOWN_BOTS.flatMap((bot) => bot.tokens.map((token) => [token, bot] as const)))

/**
 * Reads a User-Agent (RFC 9110 10.1.5) word by word. Words in addresses of web pages do not count: a bot may well link to a page
 * about another. Linear in the length, of which the first 1,024 characters are read.
 */
export function readAgent(userAgent: string | undefined): AgentClaim {
  if (userAgent === undefined || userAgent.trim() === '') return { kind: 'declared', why: 'no User-Agent' }
  const text = userAgent.slice(0, MAX_LENGTH).toLowerCase()
  const bots: KnownBot[] = []
  let declared = ''
  for (let at = 0; at < text.length;) {
    if (!isWordCode(text.charCodeAt(at))) {
      at++
      continue
    }
    const start = at
    while (at < text.length && isWordCode(text.charCodeAt(at))) at++
    const word = text.slice(start, at)
    if (text.startsWith('://', at)) {
      declared ||= 'names a web page'
      while (at < text.length && !isPastUrl(text.charCodeAt(at))) at++
      continue
    }
    if (isDigit(word.charCodeAt(0)) && isDigit(word.charCodeAt(word.length - 1))) continue
    const parts = word.split(JOINTS)
    const first = parts[0] as string
    const scanner = [word, first].find((name) => SCANNERS.has(name))
    if (scanner !== undefined) return { kind: 'scanner', word: scanner }
    const bot = BY_TOKEN.get(word) ?? BY_TOKEN.get(first)
    if (bot && !bots.includes(bot)) bots.push(bot)
    if (declared === '' && (LIBRARIES.has(word) || parts.some(soundsAutomated)))
      declared = `says ${word.slice(0, MAX_SHOWN)}`
  }
  if (bots.length > 0) return { kind: 'known', bots }
  if (declared === '' && !isOfBrowser(text)) declared = 'is not what a browser says'
  if (declared === '' && isCompatibleOnly(text)) declared = 'says compatible and no browser'
  return declared === '' ? PERSON : { kind: 'declared', why: declared }
}

function soundsAutomated(part: string): boolean {
  if (LIBRARIES.has(part)) return true
  if (part.includes('crawl') || part.includes('scrap')) return true
  return ENDINGS.some((ending) => part.endsWith(ending)) && !DEVICES.has(part)
}

/**
 * Every browser of this century starts like one of these; apps that leave it to the telephone to name itself say `Dalvik` or
 * `CFNetwork`.
 */
function isOfBrowser(text: string): boolean {
  return (
    ['mozilla/', 'opera/', 'dalvik/'].some((start) => text.startsWith(start)) || text.includes(' cfnetwork/')
  )
}

/** `(compatible; ...)` was for browsers of the nineties, and since then is how bots introduce themselves. */
function isCompatibleOnly(text: string): boolean {
  return text.includes('(compatible;') && !text.includes('msie ') && !text.includes('konqueror')
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57
}

/** Letters, digits and what joins them in names of products. */
function isWordCode(code: number): boolean {
  return (
    (code >= 97 && code <= 122) || (code >= 48 && code <= 57) || code === 45 || code === 46 || code === 95
  )
}

/** Blank, quote, bracket, comma or semicolon. */
function isPastUrl(code: number): boolean {
  return code <= 32 || code === 34 || code === 41 || code === 44 || code === 59 || code === 62 || code === 93
}
