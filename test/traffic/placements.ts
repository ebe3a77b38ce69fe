// Where a text can stand in a request. Every text of the seeds is sent in several of these.
import {
  asciiJson,
  bytes,
  form,
  formValue,
  json,
  multipart,
  percent,
  xmlText,
  type Draft,
} from './request.ts'

/** One place: its name, the texts that people put there, and the request. */
export interface Placement {
  readonly name: string
  readonly fits: (text: string) => boolean
  readonly draft: (text: string, i: number) => Draft
}

const any = (): boolean => true
const isLine = (text: string): boolean => text.length <= 120 && !text.includes('\n')
/** A path holds words and their marks; what two readers could read differently stays out of it. */
const isSlug = (text: string): boolean =>
  text.length <= 60 && /^[\p{L}\p{M}\p{N}][\p{L}\p{M}\p{N} ',&!()-]*$/u.test(text)

const AUTHORS = ['Marta', "Niall O'Brien", '小林', 'dba_42', 'Zoë', 'j.doe', 'Иван', 'kéks', 'Sam', 'أحمد']
const BOUNDARIES = [
  '----WebKitFormBoundary7MA4YWxkTrZu0gW',
  '----geckoformboundary8f1c2b6d0a4e',
  '------------------------d74496d66958873e',
  'Boundary-4C2D8E10-7F3A-4B65-9E0C-2A1D7F6B5C43',
  '0b9c3f7a5d1e4826',
]
const at = <T>(list: readonly T[], i: number): T => list[i % list.length] as T
const author = (i: number): string => at(AUTHORS, i)
const boundary = (i: number): string => at(BOUNDARIES, i)

const COMMENT_QUERY = `mutation AddComment($input: CommentInput!) {
  addComment(input: $input) { id createdAt author { name } }
}`

/** What people type into one line: a search field, a name, a title. */
export const LINE_PLACEMENTS: readonly Placement[] = [
  {
    name: 'search',
    fits: isLine,
    draft: (text, i) => ({
      target: `/find?q=${formValue(text)}${i % 3 === 0 ? `&page=${(i % 7) + 1}` : ''}`,
    }),
  },
  {
    name: 'profile',
    fits: isLine,
    draft: (text, i) =>
      form('/account/profile', {
        _method: 'put',
        full_name: text,
        email: `user${i}@example.com`,
        newsletter: 'on',
      }),
  },
  {
    name: 'json',
    fits: any,
    draft: (text, i) =>
      json(`/api/v1/items/${100 + i}`, { title: text, tags: ['new', author(i)], stock: i }, 'PUT'),
  },
  {
    name: 'suggestion',
    fits: isLine,
    draft: (text, i) => ({
      target: `/api/suggest?term=${percent(text)}&limit=${(i % 4) * 5 + 5}&lang=en`,
      headers: [['X-Requested-With', 'XMLHttpRequest']],
    }),
  },
  {
    name: 'path',
    fits: isSlug,
    draft: (text, i) => ({ target: `/${at(['tags', 'artists', 'wiki', 'cities'], i)}/${percent(text)}` }),
  },
  {
    name: 'graphql',
    fits: any,
    draft: (text, i) =>
      json('/graphql', {
        operationName: 'Search',
        query:
          'query Search($term: String!, $first: Int = 20) { search(term: $term, first: $first) { id name } }',
        variables: { term: text, first: (i % 5) * 10 + 10 },
      }),
  },
  {
    name: 'cookie',
    fits: isLine,
    draft: (text, i) => ({
      target: `/products/${i % 90}`,
      headers: [
        ['Cookie', `session=${(i * 7919 + 104729).toString(36)}; last_search=${percent(text)}; theme=dark`],
      ],
    }),
  },
  {
    name: 'referer',
    fits: isLine,
    draft: (text, i) => ({
      target: `/products/${i % 70}?from=search`,
      headers: [['Referer', `https://search.example/find?q=${formValue(text)}&ie=UTF-8`]],
    }),
  },
  {
    name: 'return',
    fits: isLine,
    draft: (text) => ({ target: `/login?return_to=${percent(`/search?q=${percent(text)}&sort=price`)}` }),
  },
  {
    name: 'ascii-json',
    fits: any,
    draft: (text, i) =>
      asciiJson('/api/v2/events', { event: 'search', properties: { term: text, results: i % 40, ok: true } }),
  },
  {
    name: 'multipart',
    fits: isLine,
    draft: (text, i) =>
      multipart('/albums', boundary(i), [
        { name: 'title', content: bytes(text) },
        { name: 'public', content: i % 2 ? '1' : '0' },
        {
          name: 'cover',
          content: 'GIF89a\u0001\u0000\u0001\u0000\u0080\u0000\u0000',
          file: 'cover.gif',
          type: 'image/gif',
        },
      ]),
  },
  {
    name: 'address',
    fits: isLine,
    draft: (text, i) =>
      form('/checkout/address', {
        'address[name]': author(i),
        'address[line1]': text,
        'address[zip]': String(10000 + i * 13),
        'address[country]': at(['DE', 'IE', 'FR', 'US', 'JP', 'BR'], i),
      }),
  },
]

/** What people write in a larger field: a comment, a message, a post, a note. */
export const PROSE_PLACEMENTS: readonly Placement[] = [
  {
    name: 'comment',
    fits: any,
    draft: (text, i) =>
      form(`/products/${i % 60}/comments`, { author: author(i), text, rating: String((i % 5) + 1) }),
  },
  {
    name: 'comment-json',
    fits: any,
    draft: (text, i) =>
      json(`/api/products/${i % 60}/comments`, { author: author(i), text, rating: (i % 5) + 1 }),
  },
  {
    name: 'thread',
    fits: any,
    draft: (text, i) =>
      json(
        `/api/v2/threads/${1000 + i}`,
        {
          thread: {
            subject: `Re: ${author(i)}`,
            posts: [{ id: i, body: text, meta: { lang: null, edited: false } }],
          },
        },
        'PATCH',
      ),
  },
  {
    name: 'contact',
    fits: any,
    draft: (text, i) =>
      multipart('/contact', boundary(i), [
        { name: 'name', content: bytes(author(i)) },
        { name: 'email', content: `u${i}@example.org` },
        { name: 'message', content: bytes(text.replaceAll('\n', '\r\n')) },
      ]),
  },
  {
    name: 'graphql-input',
    fits: any,
    draft: (text, i) =>
      json('/graphql', {
        operationName: 'AddComment',
        query: COMMENT_QUERY,
        variables: { input: { postId: `UG9zdDo${i}`, body: text } },
      }),
  },
  {
    name: 'note',
    fits: any,
    draft: (text, i) => ({
      method: 'PUT',
      target: `/notes/${i}.txt`,
      type: 'text/plain; charset=utf-8',
      body: bytes(text),
    }),
  },
  {
    name: 'soap',
    fits: any,
    draft: (text, i) => ({
      method: 'POST',
      target: '/services/ticket',
      type: 'text/xml; charset=utf-8',
      headers: [['SOAPAction', '"urn:example:ticket#Create"']],
      body: bytes(
        `<?xml version="1.0" encoding="UTF-8"?>\n<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><t:Create xmlns:t="urn:example:ticket"><t:customer>${i}</t:customer><t:text>${xmlText(text)}</t:text></t:Create></soap:Body></soap:Envelope>`,
      ),
    }),
  },
  {
    name: 'chat',
    fits: any,
    draft: (text, i) =>
      asciiJson('/hooks/chat', {
        type: 'message',
        channel: `C0${i}`,
        user: 'U7',
        text,
        ts: `17324000${10 + i}.000200`,
      }),
  },
  {
    name: 'share',
    fits: isLine,
    draft: (text) => ({
      target: `/share?text=${percent(text)}&url=${percent('https://shop.example/p/7?ref=share')}`,
    }),
  },
  {
    name: 'json-rpc',
    fits: any,
    draft: (text, i) =>
      json('/rpc', { jsonrpc: '2.0', id: i, method: 'note.append', params: [i % 12, text, { pin: false }] }),
  },
]
