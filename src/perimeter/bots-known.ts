/** What a bot is there for. `ai` collects for language models or fetches on their behalf. */
export type BotPurpose = 'search' | 'social' | 'monitor' | 'ai'

/** A bot whose operator tells the public about it. */
export interface KnownBot {
  readonly name: string
  readonly purpose: BotPurpose
  /** Words of its User-Agent, in lower case. */
  readonly tokens: readonly string[]
  /** Domains below which its addresses have their names. */
  readonly domains: readonly string[]
  /**
   * Whether the operator publishes these domains as the way to tell impostors. Where they were only seen so far (`observed`), a match
   * proves the bot but no match proves nothing.
   */
  readonly proof: 'published' | 'observed'
  /** Autonomous systems that the operator publishes as its bot's home. */
  readonly asns: readonly number[]
  /** The operator's own page about it. */
  readonly documentation: string
}

// Columns: name; words of the User-Agent; proof; the operator's page. A proof is a published domain (`=`), an observed domain
// (`~`) or an autonomous system (`AS`); `-` where the operator publishes addresses only, or nothing. Domains are never ones
// below which the operator's customers have machines: googleusercontent.com and amazonaws.com prove nothing.
const SEARCH = `
  googlebot            googlebot,google-inspectiontool,storebot-google,googleother  =googlebot.com  https://developers.google.com/search/docs/crawling-indexing/verifying-googlebot
  google-special       adsbot-google,adsbot-google-mobile,mediapartners-google,apis-google  =google.com,=googlebot.com  https://developers.google.com/search/docs/crawling-indexing/google-special-case-crawlers
  bingbot              bingbot,msnbot,adidxbot,bingpreview,microsoftpreview  =search.msn.com  https://www.bing.com/webmasters/help/how-to-verify-bingbot-3905dc26
  yahoo-slurp          slurp  =crawl.yahoo.net,=yse.yahoo.net  https://help.yahoo.com/kb/SLN22600.html
  yandex               yandexbot,yandeximages,yandexvideo,yandexmobilebot,yandexaccessibilitybot,yandexmetrika,yandexwebmaster,yandexrenderresourcesbot,yandexfavicons,yandexdirect,yandexblogs,yandexmarket  =yandex.ru,=yandex.net,=yandex.com  https://yandex.com/support/webmaster/robot-workings/check-yandex-robots.html
  applebot             applebot  =applebot.apple.com  https://support.apple.com/en-us/119829
  baiduspider          baiduspider  =baidu.com,=baidu.jp  https://help.baidu.com/question?prod_id=99&class=0&id=3001
  sogou                sogou  =sogou.com  https://www.sogou.com/docs/help/webmasters.htm
  naver-yeti           yeti  ~naver.com  https://searchadvisor.naver.com/guide/seo-basic-robots
  seznambot            seznambot  =seznam.cz  https://o-seznam.cz/napoveda/vyhledavani/en/seznambot-crawler/
  mojeekbot            mojeekbot  =mojeek.com  https://www.mojeek.com/bot.html
  qwantbot             qwantbot,qwantify  =qwant.com  https://help.qwant.com/bot/
  petalbot             petalbot,aspiegelbot  =petalsearch.com,=aspiegel.com  https://webmaster.petalsearch.com/site/petalbot
  coccocbot            coccocbot  ~coccoc.com  https://help.coccoc.com/en/search-engine
  duckduckbot          duckduckbot,duckduckgo-favicons-bot  -  https://duckduckgo.com/duckduckgo-help-pages/results/duckduckbot
  kagibot              kagibot  -  https://kagi.com/bot
  marginalia           search.marginalia.nu  -  https://www.marginalia.nu/marginalia-search/for-webmasters/
  internet-archive     archive.org_bot  ~archive.org  https://archive.org/details/archive.org_bot
`
const SOCIAL = `
  facebook             facebookexternalhit,facebot,facebookcatalog  AS32934  https://developers.facebook.com/docs/sharing/webmasters/web-crawlers/
  twitterbot           twitterbot  ~twttr.com  https://developer.x.com/en/docs/x-for-websites/cards/guides/getting-started
  linkedinbot          linkedinbot  ~linkedin.com  https://www.linkedin.com/help/linkedin/answer/a521928
  pinterestbot         pinterestbot  =pinterest.com,=pinterestcrawler.com  https://help.pinterest.com/en/business/article/pinterestbot
  amazonadbot          amazonadbot  =amazonadbot.com  https://adbot.amazon.com/index.html
  slackbot             slackbot,slackbot-linkexpanding,slack-imgproxy  -  https://api.slack.com/robots
  discordbot           discordbot  -  https://discord.com/developers/docs/reference
  telegrambot          telegrambot  -  https://telegram.org/blog/link-preview
  whatsapp             whatsapp  -  https://developers.facebook.com/docs/whatsapp/
  skype-preview        skypeuripreview  -  https://learn.microsoft.com/en-us/skypeforbusiness/
  redditbot            redditbot  -  https://support.reddithelp.com/
  bluesky              bluesky  -  https://docs.bsky.app/
  mastodon             mastodon  -  https://docs.joinmastodon.org/
  tumblr               tumblr  -  https://www.tumblr.com/docs/en/web_crawler
  vkshare              vkshare  -  https://vk.com/dev/Share
  odklbot              odklbot  -  https://apiok.ru/en/ext/sharing
  embedly              embedly  ~embed.ly  https://embed.ly/support
  iframely             iframely  -  https://iframely.com/docs/about
  flipboard            flipboardproxy,flipboardrss  -  https://about.flipboard.com/browserproxy/
`
const MONITOR = `
  uptimerobot          uptimerobot  ~uptimerobot.com  https://uptimerobot.com/help/locations/
  pingdom              pingdom,pingdompagespeed,pingdomtms  ~pingdom.com  https://documentation.solarwinds.com/en/success_center/pingdom/
  statuscake           statuscake,statuscake_pagespeed_indev  -  https://www.statuscake.com/kb/knowledge-base/what-are-your-ips/
  site24x7             site24x7  -  https://www.site24x7.com/multi-location-web-site-monitoring.html
  hetrixtools          hetrixtools  ~hetrixtools.com  https://docs.hetrixtools.com/uptime-monitoring-ip-addresses/
  updown               updown.io  ~updown.io  https://updown.io/doc/how-pingable-nodes-work
  nodeping             nodeping  ~nodeping.com  https://nodeping.com/faq.html
  freshping            freshpingbot  -  https://support.freshping.io/
  oh-dear              ohdear  -  https://ohdear.app/docs/faq/what-ips-does-oh-dear-monitor-from
  checkly              checkly  -  https://www.checklyhq.com/docs/monitoring/allowlisting/
  datadog              datadogsynthetics  -  https://docs.datadoghq.com/synthetics/
  new-relic            newrelicsynthetics  -  https://docs.newrelic.com/docs/synthetics/
  better-stack         betteruptimebot  -  https://betterstack.com/docs/uptime/
  google-uptime        googlestackdrivermonitoring-uptimechecks  -  https://cloud.google.com/monitoring/uptime-checks
  route53-health       amazon-route53-health-check-service  -  https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/route-53-ip-addresses.html
  cloudflare-health    cloudflare-healthchecks,cloudflare-traffic-manager  -  https://developers.cloudflare.com/health-checks/
`
const AI = `
  gptbot               gptbot  -  https://platform.openai.com/docs/bots
  chatgpt-user         chatgpt-user  -  https://platform.openai.com/docs/bots
  oai-searchbot        oai-searchbot  -  https://platform.openai.com/docs/bots
  claudebot            claudebot,claude-web,anthropic-ai  -  https://support.claude.com/en/articles/8896518
  claude-user          claude-user  -  https://support.claude.com/en/articles/8896518
  claude-searchbot     claude-searchbot  -  https://support.claude.com/en/articles/8896518
  perplexitybot        perplexitybot  -  https://docs.perplexity.ai/guides/bots
  perplexity-user      perplexity-user  -  https://docs.perplexity.ai/guides/bots
  ccbot                ccbot  =crawl.commoncrawl.org  https://commoncrawl.org/ccbot
  amazonbot            amazonbot,amzn-searchbot,amzn-user  =crawl.amazonbot.amazon  https://developer.amazon.com/amazonbot
  google-vertex        google-cloudvertexbot  =googlebot.com  https://developers.google.com/search/docs/crawling-indexing/google-common-crawlers
  google-notebook      google-notebooklm,gemini-deep-research  -  https://developers.google.com/search/docs/crawling-indexing/google-user-triggered-fetchers
  meta-external        meta-externalagent,meta-externalfetcher,meta-webindexer,facebookbot  AS32934  https://developers.facebook.com/docs/sharing/webmasters/web-crawlers/
  bytespider           bytespider,tiktokspider  ~bytedance.com  https://bytespider.bytedance.com/
  mistral-user         mistralai-user  -  https://docs.mistral.ai/robots
  duckassistbot        duckassistbot  -  https://duckduckgo.com/duckduckgo-help-pages/results/duckassistbot
  cohere               cohere-ai,cohere-training-data-crawler  -  https://docs.cohere.com/
  diffbot              diffbot  -  https://docs.diffbot.com/
  youbot               youbot  -  https://about.you.com/youbot/
  ai2bot               ai2bot,ai2bot-dolma  -  https://allenai.org/crawler
  omgili               omgili,omgilibot,webzio,webzio-extended  -  https://webz.io/bot.html
  timpibot             timpibot  -  https://timpi.io/
  imagesift            imagesiftbot  -  https://imagesift.com/about
  img2dataset          img2dataset  -  https://github.com/rom1504/img2dataset
  firecrawl            firecrawlagent  -  https://docs.firecrawl.dev/
  deepseekbot          deepseekbot  -  https://www.deepseek.com/
  pangubot             pangubot  -  https://www.huaweicloud.com/intl/en-us/product/pangu.html
  azure-ai-search      azureai-searchbot  -  https://learn.microsoft.com/en-us/azure/search/
  linerbot             linerbot  -  https://liner.com/
  phindbot             phindbot  -  https://www.phind.com/
`

/** Bots that this firewall knows by name. */
export const KNOWN_BOTS: readonly KnownBot[] = [
  ...rows('search', SEARCH),
  ...rows('social', SOCIAL),
  ...rows('monitor', MONITOR),
  ...rows('ai', AI),
]

function rows(purpose: BotPurpose, table: string): KnownBot[] {
  return table
    .trim()
    .split('\n')
    .map((line) => {
      const [name = '', tokens = '', proofs = '', documentation = ''] = line.trim().split(/ +/)
      const marked = (mark: string): string[] =>
        proofs
          .split(',')
          .filter((proof) => proof.startsWith(mark))
          .map((proof) => proof.slice(mark.length))
      const published = marked('=')
      return {
        name,
        purpose,
        tokens: tokens.split(','),
        domains: [...published, ...marked('~')],
        proof: published.length > 0 ? 'published' : 'observed',
        asns: marked('AS').map(Number),
        documentation,
      }
    })
}
