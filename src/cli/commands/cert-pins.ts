/** The pin of one certificate's key. */
export interface NamedPin {
  readonly label: string
  readonly names: readonly string[]
  /** SHA-256 of SubjectPublicKeyInfo in base64. */
  readonly pin: string
}

/** Pins in the form of Android's network security configuration. */
export function androidPins(pins: readonly NamedPin[], backup: string): string {
  const domains = pins.map(({ names, pin }) => {
    const lines = names.map((name) =>
      name.startsWith('*.')
        ? `    <domain includeSubdomains="true">${name.slice(2)}</domain>`
        : `    <domain includeSubdomains="false">${name}</domain>`,
    )
    return `  <domain-config>
${lines.join('\n')}
    <pin-set>
      <pin digest="SHA-256">${pin}</pin>
      <pin digest="SHA-256">${backup}</pin>
    </pin-set>
  </domain-config>`
  })
  return `<network-security-config>\n${domains.join('\n')}\n</network-security-config>`
}

/** Pins in the form of `NSPinnedDomains` for the Info.plist of an iOS application. */
export function iosPins(pins: readonly NamedPin[], backup: string): string {
  const identity = (pin: string): string =>
    `      <dict><key>SPKI-SHA256-BASE64</key><string>${pin}</string></dict>`
  const domains = pins.flatMap(({ names, pin }) =>
    names.map(
      (name) => `  <key>${name.replace(/^\*\./, '')}</key>
  <dict>
    <key>NSIncludesSubdomains</key><${name.startsWith('*.')}/>
    <key>NSPinnedLeafIdentities</key>
    <array>
${identity(pin)}
${identity(backup)}
    </array>
  </dict>`,
    ),
  )
  return `<key>NSPinnedDomains</key>\n<dict>\n${domains.join('\n')}\n</dict>`
}
