import { form, multipart, bytes, type Draft, type Part } from './request.ts'

/** Whole forms, as shops, forums and offices post them: target, then the fields. */
const FORMS: readonly (readonly [target: string, fields: Readonly<Record<string, string>>])[] = [
  ['/session', { email: 'marta@customer.example', password: 'lantern-1887', remember: 'on' }],
  ['/session', { email: "sean.o'brien@customer.example", password: "Tr0ub4dor&3;=<>#%--/*x*/'" }],
  ['/session', { username: 'DOMAIN\\jdoe', password: 'p@$$w0rd!', next: '/orders?page=2' }],
  ['/session', { user: 'union_select', pass: 'or 1 of 2' }],
  ['/newsletter', { email: "sean.o'brien+walls@customer.example" }],
  ['/newsletter', { email: 'müller@exämple.de', lists: 'a,b' }],
  ['/search', { q: "Niall O'Brien's wall", category: '', submit: 'Go!' }],
  [
    '/checkout',
    {
      name: "Aoife O'Reilly",
      street: '7 Quarry Lane',
      city: 'Galway',
      zip: 'H91 X2Y3',
      note: "Leave it at no. 9, they're in.",
    },
  ],
  [
    '/checkout',
    { name: '山田太郎', zip: '100-0005', pref: '東京都', addr1: '千代田区丸の内1-9-1', tel: '03-1234-5678' },
  ],
  [
    '/checkout',
    {
      vorname: 'Jörg',
      nachname: 'Weiß',
      strasse: 'Königstr. 7 a',
      plz: '90402',
      ort: 'Nürnberg',
      ust_id: 'DE123456789',
    },
  ],
  [
    '/checkout/payment',
    { method: 'sepa', iban: 'DE89 3704 0044 0532 0130 00', bic: 'COBADEFFXXX', holder: 'J. Weiß & Söhne' },
  ],
  ['/checkout/coupon', { code: 'SPRING-20%' }],
  [
    '/cart/add',
    { sku: 'AB-1234/X', qty: '2', 'options[color]': '#b5533c', 'options[engraving]': "Mum & Dad's" },
  ],
  [
    '/cart/update',
    {
      'lines[0][id]': '7',
      'lines[0][qty]': '3',
      'lines[1][id]': '9',
      'lines[1][qty]': '0',
      _token: 'aB3-_x',
    },
  ],
  [
    '/profile',
    {
      _method: 'PATCH',
      utf8: '✓',
      authenticity_token: 'q1w2e3/+==',
      'user[name]': "Zoë D'Arcy",
      'user[bio]': 'I <3 walls; and gates.',
    },
  ],
  ['/profile', { name: "Niall O'Brien", email: 'niall@customer.example', phone: '+353 (0)1 555-0102' }],
  ['/profile/password', { old: 'correct horse', new: 'battery; staple--1', again: 'battery; staple--1' }],
  [
    '/signup',
    { name: 'Null', email: 'null@example.com', birthday: '29.02.2000', terms: '1', captcha: '3+4=7' },
  ],
  [
    '/signup',
    { company: 'Drop & Table GmbH', vat: 'ATU12345678', website: 'https://drop-table.example/?a=1&b=2' },
  ],
  [
    '/contact',
    {
      topic: 'Return',
      order: '#1042',
      message: "The gate doesn't fit: it's 5' wide, my wall 6'.\r\n\r\nRegards,\r\nEd",
    },
  ],
  [
    '/contact',
    { topic: 'Job', message: 'I know SQL, HTML/CSS, JavaScript (node.js), C++, C#, .NET & bash.' },
  ],
  [
    '/comments',
    {
      parent: '0',
      author: 'Ed',
      url: 'http://ed.example/',
      comment: 'Select the union; drop me a line -- thanks',
    },
  ],
  [
    '/wp-comments-post.php',
    {
      comment: 'Nice post! Where can I insert my own table?',
      author: 'Ann',
      comment_post_ID: '42',
      comment_parent: '0',
    },
  ],
  [
    '/forum/posting.php?mode=reply&t=42',
    { subject: 'Re: C++ vs. C#', message: '[quote=Sam]a < b && b > c[/quote] No!', post: 'Submit' },
  ],
  ['/poll/3/vote', { option: 'Both / neither', 'other[]': '' }],
  ['/survey', { q1: '5', q2: 'a,c', q3: 'Nothing, or maybe more lanterns?', q4: '' }],
  [
    '/reviews',
    { stars: '5', title: '10/10', text: '100% satisfied :) "Best wall ever" - my wife', recommend: 'yes' },
  ],
  [
    '/tickets',
    {
      title: "Can't log in: error 500",
      severity: 'high',
      steps: '1) open /login 2) type name 3) press <Enter>',
    },
  ],
  ['/tickets', { title: 'XML export: <price> is empty', steps: 'Menu > Export > XML; then see <price/>' }],
  [
    '/events',
    {
      title: "St. Patrick's Day",
      start: '2026-03-17T18:00',
      end: '2026-03-18T02:00',
      tz: 'Europe/Dublin',
      rrule: 'FREQ=YEARLY',
    },
  ],
  ['/calc', { expr: '(1+2)*3^2/4 - 5%3' }],
  ['/notes', { title: 'TODO', body: '- buy milk\r\n- call O\'Hara\r\n- select tiles (1/2")' }],
  ['/links', { url: 'https://example.com/path?a=b&c=d#e', title: 'a & b', tags: 'c++,c#,.net' }],
  [
    '/settings',
    { timezone: 'America/Argentina/Buenos_Aires', currency: 'ARS', date_format: 'd/m/Y H:i', separator: ';' },
  ],
  ['/settings/mail', { signature: '-- \r\nNiall O\'Brien\r\nWall & Lantern Ltd.\r\n"Good fences"' }],
  [
    '/settings/webhook',
    { url: 'https://hooks.example.com/services/T0/B0/x', events: 'order.created,order.paid', active: 'true' },
  ],
  [
    '/admin/pages/7',
    {
      title: 'Über uns',
      body: '<h1>Über uns</h1><p>Seit <b>1887</b>.</p>',
      slug: 'ueber-uns',
      status: 'publish',
    },
  ],
  [
    '/admin/products/7',
    {
      name: 'Ring Wall 1 m',
      price: '189,00',
      weight: '1.200,5',
      'dims[h]': '45',
      desc: '<ul><li>red</li></ul>',
    },
  ],
  ['/admin/search-replace', { find: 'colour', replace: 'color', regex: '^colou?r$' }],
  [
    '/oauth/token',
    {
      grant_type: 'authorization_code',
      code: 'SplxlOBeZQQYbYS6WxSbIA',
      redirect_uri: 'https://shop.example/callback',
      code_verifier: 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk',
    },
  ],
  [
    '/oauth/token',
    {
      grant_type: 'refresh_token',
      refresh_token: '8xLOxBtZp8',
      client_id: 's6BhdRkqt3',
      client_secret: 'not/a+real=secret',
    },
  ],
  ['/saml/acs', { SAMLResponse: 'PHNhbWxwOlJlc3BvbnNlIElEPSJfMSIvPg==', RelayState: '/orders' }],
  [
    '/ipn',
    {
      txn_id: '8XY',
      payment_status: 'Completed',
      mc_gross: '189.00',
      item_name: "O'Brien's gate",
      custom: '{"order":1042}',
    },
  ],
  [
    '/slack/command',
    {
      command: '/deploy',
      text: 'shop to prod -- now',
      user_name: 'niall',
      response_url: 'https://hooks.example.com/commands/1',
    },
  ],
  [
    '/sms/inbound',
    { From: '+35315550102', To: '+49301234567', Body: "It's on! See u @ 8 :)", NumMedia: '0' },
  ],
  [
    '/mail/inbound',
    {
      sender: 'jane@example.com',
      subject: 'Re: [shop] Order #1042',
      'body-plain': "> Where's my order?\r\n\r\nOn its way.",
    },
  ],
  ['/csp', { report: '' }],
  ['/empty', {}],
]

const PNG =
  '\u0089PNG\r\n\u001a\n\u0000\u0000\u0000\rIHDR\u0000\u0000\u0000\u0001\u0000\u0000\u0000\u0001\b\u0006\u0000\u0000\u0000\u001f\u0015\u00c4\u0089'
const JPEG =
  '\u00ff\u00d8\u00ff\u00e0\u0000\u0010JFIF\u0000\u0001\u0001\u0000\u0000\u0001\u0000\u0001\u0000\u0000\u00ff\u00db\u0000C\u0000'
const PDF =
  '%PDF-1.7\n%\u00e2\u00e3\u00cf\u00d3\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\nxref\n0 3\ntrailer<</Root 1 0 R>>\n%%EOF\n'
const ZIP = 'PK\u0003\u0004\u0014\u0000\u0000\u0000\b\u0000\u0021\u0000\u0000\u0000word/document.xml'

/** Files that people send: name, type, content as bytes. */
const FILES: readonly (readonly [file: string, type: string, content: string])[] = [
  ['plan.txt', 'text/plain', 'six courses\r\none gate'],
  ['Mauer für Oma (2).png', 'image/png', PNG],
  ["Niall's photo #3.jpg", 'image/jpeg', JPEG],
  ['IMG_20261124_093000~2.jpg', 'image/jpeg', `${JPEG}Exif\u0000\u0000II*\u0000`],
  ['Report (final) v2.pdf', 'application/pdf', PDF],
  ['Rechnung_2026-117 [Kopie].pdf', 'application/pdf', `${PDF}% copy\n`],
  ['résumé – Ångström.docx', 'application/vnd.openxmlformats-officedocument.wordprocessingml.document', ZIP],
  [
    'budget, 50% off & more.xlsx',
    'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
    `${ZIP}xl`,
  ],
  ['customers.csv', 'text/csv', bytes('id;name\n1;"O\'Brien"\n2;"D\'Arcy; Zoë"\n')],
  ['写真.png', 'image/png', `${PNG}1`],
  ['фото.jpeg', 'image/jpeg', `${JPEG}2`],
  ['صورة.webp', 'image/webp', 'RIFF\u0024\u0000\u0000\u0000WEBPVP8 '],
  ['🧱.gif', 'image/gif', 'GIF89a\u0001\u0000\u0001\u0000\u0080\u0000\u0000'],
  ['notes.md', 'text/markdown', "# To do\n\n- select tiles\n- drop off the table\n- it's `done`\n"],
  ['events.ics', 'text/calendar', 'BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n'],
  ['contact.vcf', 'text/vcard', "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Niall O'Brien\r\nEND:VCARD\r\n"],
  [
    'walk.gpx',
    'application/gpx+xml',
    '<?xml version=\'1.0\'?><gpx version="1.1"><wpt lat="53.3" lon="-6.2"/></gpx>',
  ],
  ['settings.json', 'application/json', '{"theme":"dark","list":[1,2,3]}'],
  ['config.yaml', 'application/x-yaml', 'name: wall\ntags: [brick, red]\n'],
  ['song.mp3', 'audio/mpeg', 'ID3\u0004\u0000\u0000\u0000\u0000\u0000\u0000TIT2'],
  ['clip.mp4', 'video/mp4', '\u0000\u0000\u0000\u0018ftypmp42\u0000\u0000\u0000\u0000'],
  ['backup-photos.zip', 'application/zip', `${ZIP}.zip`],
  ['archive.tar.gz', 'application/gzip', '\u001f\u008b\b\u0000\u0000\u0000\u0000\u0000\u0000\u0003'],
  [
    'blob',
    'application/octet-stream',
    Array.from({ length: 256 }, (_, i) => String.fromCharCode(i)).join(''),
  ],
  ['font.woff2', 'font/woff2', 'wOF2\u0000\u0001\u0000\u0000'],
  ['subtitle.srt', 'application/x-subrip', "1\n00:00:01,000 --> 00:00:04,000\nWho's there?\n"],
  ['', 'application/octet-stream', ''],
]

const TARGETS = ['/upload', '/api/files', '/profile/avatar', '/tickets/42/attachments'] as const

const picture = (at: number): Part => ({ name: 'csrf', content: `t${at}` })

/** Every whole form once. */
export const FORM_DRAFTS: readonly Draft[] = [
  ...FORMS.map(([target, fields]) => form(target, fields)),
  ...FORMS.slice(0, 20).map(([target, fields]) =>
    multipart(
      target,
      '----WebKitFormBoundaryAbC123dEf456GhI7',
      Object.entries(fields).map(([name, value]) => ({ name, content: bytes(value) })),
    ),
  ),
]

/** Every file, sent to each of the places that take files. */
export const UPLOAD_DRAFTS: readonly Draft[] = FILES.flatMap(([file, type, content], i) =>
  TARGETS.map((target, t) =>
    multipart(target, `----WebKitFormBoundary${(i * 4 + t + 1_000_003).toString(36)}wall`, [
      picture(i * 4 + t),
      { name: t % 2 ? 'files[]' : 'picture', content, file, type },
    ]),
  ),
)
