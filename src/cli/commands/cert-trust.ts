/** What to do, by system, so that browsers and tools of one machine trust the authority of the development certificate. */
export function trustSteps(authorityFile: string): string {
  return `The certificate for development is signed by an authority of this installation alone:
  ${authorityFile}
Its key was thrown away, so nobody can sign with it. Trust it on this machine only, and never on another's.

Debian, Ubuntu
  sudo cp ${authorityFile} /usr/local/share/ca-certificates/ringwall-development.crt && sudo update-ca-certificates
Fedora, RHEL
  sudo cp ${authorityFile} /etc/pki/ca-trust/source/anchors/ringwall-development.pem && sudo update-ca-trust
macOS
  sudo security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain ${authorityFile}
Windows (as administrator)
  certutil -addstore -f Root ${authorityFile}
Chromium on Linux
  certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n ringwall-development -i ${authorityFile}
Firefox
  Settings, Privacy & Security, View Certificates, Authorities, Import
Node
  export NODE_EXTRA_CA_CERTS=${authorityFile}
curl
  curl --cacert ${authorityFile} https://localhost:8443/

It is made again, with another key, a month before it expires: do the same then.`
}
