// Password hashes of other systems, by vectors that those systems or the libraries for them publish.
import assert from 'node:assert/strict'
import test from 'node:test'

import { FOREIGN_FORMATS, readForeignHash, verifyForeign } from './hashes.ts'

for (const { source, password, stored, format } of [
  // Openwall crypt_blowfish 1.3, wrapper.c
  {
    source: 'crypt_blowfish',
    format: 'bcrypt',
    password: 'U*U',
    stored: '$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW',
  },
  {
    source: 'crypt_blowfish',
    format: 'bcrypt',
    password: 'U*U*U',
    stored: '$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a',
  },
  {
    source: 'passlib',
    format: 'bcrypt',
    password: 'abcdefghijklmnopqrstuvwxyz',
    stored: 'bcrypt$$2a$10$fVH8e28OQRj9tqiDXs1e1uxpsjN0c7II7YPKXua2NAKYvM6iQk7dq',
  },
  {
    source: 'passlib',
    format: 'Django bcrypt with SHA-256',
    password: 'l\u00e8tmein',
    stored: 'bcrypt_sha256$$2a$08$NDjSAIcas.EcoxCRiArvT.MkNiPYVhrsrnJsRkLueZOoV1bsQqlmC',
  },
  {
    source: 'passlib',
    format: 'Django bcrypt with SHA-256',
    password: `${'abc123'.repeat(12)}qwr`,
    stored: 'bcrypt_sha256$$2a$06$Tg/oYyZTyAf.Nb3qSgN61Ocy0BEz1RK6xslSNi8PlaLX2pe7x/KQG',
  },
  {
    source: 'a WordPress 6.8 demonstration',
    format: 'WordPress bcrypt',
    password: 'admin',
    stored: '$wp$2y$10$Q1xinFjrZeLWJBvxviIL6u834Fu.evIEFHAUVisQ5O.w9Dm0sMdES',
  },
  // Ory Kratos, hash/hash_comparator_test.go
  {
    source: 'Kratos',
    format: 'argon2',
    password: 'test',
    stored:
      '$argon2i$v=19$m=65536,t=3,p=4$kk51rW/vxIVCYn+EG4kTSg$NyT88uraJ6im6dyha/M5jhXvpqlEdlS/9fEm7ScMb8c',
  },
  {
    source: 'Kratos',
    format: 'argon2',
    password: 'test',
    stored: '$argon2id$v=19$m=32,t=5,p=4$cm94YnRVOW5jZzFzcVE4bQ$fBxypOL0nP/zdPE71JtAV71i487LbX3fJI5PoTN6Lp4',
  },
  {
    source: 'Kratos',
    format: 'PBKDF2',
    password: 'test',
    stored:
      '$pbkdf2-sha256$i=100000,l=32$1jP+5Zxpxgtee/iPxGgOz0RfE9/KJuDElP1ley4VxXc$QJxzfvdbHYBpydCbHoFg3GJEqMFULwskiuqiJctoYpI',
  },
  {
    source: 'Kratos',
    format: 'PBKDF2',
    password: 'test',
    stored:
      '$pbkdf2-sha512$i=100000,l=32$bdHBpn7OWOivJMVJypy2UqR0UnaD5prQXRZevj/05YU$+wArTfv1a+bNGO1iZrmEdVjhA+lL11wF4/IxpgYfPwc',
  },
  {
    source: 'Kratos',
    format: 'scrypt',
    password: 'test',
    stored:
      '$scrypt$ln=16384,r=8,p=1$2npRo7P03Mt8keSoMbyD/tKFWyUzjiQf2svUaNDSrhA=$MiCzNcIplSMqSBrm4HckjYqYhaVPPjTARTzwB1cVNYE=',
  },
  {
    source: 'Firebase',
    format: 'Firebase scrypt',
    password: '8x4WjoDbSxJZdR',
    stored:
      '$firescrypt$ln=14,r=8,p=1$sPtDhWcd1MfdAw==$xbSou7FOl6mChCyzpCPIQ7tku7nsQMTFtyOZSXXd7tjBa4NtimOx7v42Gv2SfzPQu1oxM2/k4SsbOu73wlKe1A==$Bw==$YE0dO4bwD4JnJafh6lZZfkp1MtKzuKAXQcDCJNJNyeCHairWHKENOkbh3dzwaCdizzOspwr/FITUVlnOAwPKyw==',
  },
  {
    source: 'Kratos',
    format: 'LDAP digest',
    password: 'test123',
    stored: '{SSHA}JFZFs0oHzxbMwkSJmYVeI8MnTDy/276a',
  },
  {
    source: 'Kratos',
    format: 'LDAP digest',
    password: 'test123',
    stored: '{SSHA256}czO44OTV17PcF1cRxWrLZLy9xHd7CWyVYplr1rOhuMlx/7IK',
  },
  {
    source: 'Kratos',
    format: 'LDAP digest',
    password: 'test123',
    stored:
      '{SSHA512}xPUl/px+1cG55rUH4rzcwxdOIPSB2TingLpiJJumN2xyDWN4Ix1WQG3ihnvHaWUE8MYNkvMi5rf0C9NYixHsE6Yh59M=',
  },
  // passlib, tests/test_handlers*.py
  {
    source: 'passlib',
    format: 'PBKDF2',
    password: 'password',
    stored: '$pbkdf2$1212$OB.dtnSEXZK8U5cgxU/GYQ$y5LKPOplRmok7CZp/aqVDVg8zGI',
  },
  {
    source: 'passlib',
    format: 'PBKDF2',
    password: 'password',
    stored: '$pbkdf2-sha256$1212$4vjV83LKPjQzk31VI4E0Vw$hsYF68OiOUPdDZ1Fg.fJPeq1h/gXXY7acBp9/6c.tmQ',
  },
  {
    source: 'passlib',
    format: 'LDAP PBKDF2',
    password: 'password',
    stored: '{PBKDF2}1212$OB.dtnSEXZK8U5cgxU/GYQ$y5LKPOplRmok7CZp/aqVDVg8zGI',
  },
  {
    source: 'passlib',
    format: 'LDAP PBKDF2',
    password: 'password',
    stored: '{PBKDF2-SHA256}1212$4vjV83LKPjQzk31VI4E0Vw$hsYF68OiOUPdDZ1Fg.fJPeq1h/gXXY7acBp9/6c.tmQ',
  },
  {
    source: 'passlib',
    format: 'Django PBKDF2',
    password: 'not a password',
    stored: 'pbkdf2_sha256$10000$kjVJaVz6qsnJ$5yPHw3rwJGECpUf70daLGhOrQ5+AMxIJdz1c3bqK1Rs=',
  },
  {
    source: 'passlib',
    format: 'Django PBKDF2',
    password: 'not a password',
    stored: 'pbkdf2_sha1$10000$wz5B6WkasRoF$atJmJ1o+XfJxKq1+Nu1f1i57Z5I=',
  },
  {
    source: 'passlib',
    format: 'Django digest',
    password: 'password',
    stored: 'sha1$123abcdef$e4a1877b0e35c47329e7ed7e58014276168a37ba',
  },
  {
    source: 'passlib',
    format: 'Django digest',
    password: 'test',
    stored: 'md5$3OpqnFAHW5CT$54b29300675271049a1ebae07b395e20',
  },
  {
    source: 'passlib',
    format: 'Atlassian PBKDF2',
    password: 'password',
    stored: '{PKCS5S2}DQIXJU038u4P7FdsuFTY/+35bm41kfjZa57UrdxHp2Mu3qF2uy+ooD+jF5t1tb8J',
  },
  // Drepper's specification of SHA-crypt
  {
    source: 'Drepper',
    format: 'sha-crypt',
    password: 'Hello world!',
    stored: '$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5',
  },
  {
    source: 'Drepper',
    format: 'sha-crypt',
    password: 'Hello world!',
    stored: '$5$rounds=10000$saltstringsaltst$3xv.VbSHBb41AL9AvLeujZkZRBAwqFMz2.opqey6IcA',
  },
  {
    source: 'Drepper',
    format: 'sha-crypt',
    password: 'This is just a test',
    stored: '$5$rounds=5000$toolongsaltstrin$Un/5jzAHMgOGZ5.mWJpuVolil07guHPvOW8mGRcvxa5',
  },
  {
    source: 'Drepper',
    format: 'sha-crypt',
    password: 'Hello world!',
    stored:
      '$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1',
  },
  {
    source: 'OpenSSL passwd',
    format: 'md5crypt',
    password: 'password',
    stored: '$1$abcdefgh$G//4keteveJp0qb8z2DxG/',
  },
  {
    source: 'OpenSSL passwd',
    format: 'md5crypt',
    password: 'password',
    stored: '$apr1$abcdefgh$FBwExRW4dCc8aL.OvjpIE1',
  },
  {
    source: 'phpass 0.3',
    format: 'phpass',
    password: 'test12345',
    stored: '$P$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0',
  },
  { source: 'passlib', format: 'phpass', password: 'test1', stored: '$H$9aaaaaSXBjgypwqm.JsMssPLiS8YQ00' },
  {
    source: 'a Drupal 7 hasher',
    format: 'phpass',
    password: 'huan',
    stored: '$S$DXZrp425p2VN9LXpDWxiBeqSZSPexyZNNPUo80fTTN2e/W15a97G',
  },
]) {
  test(`${format}, of ${source}: ${stored.slice(0, 30)}`, () => {
    const read = readForeignHash(stored)
    assert.equal(read.kind === 'unknown' ? 'unknown' : read.format, format)
    assert.equal(verifyForeign(stored, password), true)
    assert.equal(verifyForeign(stored, `${password}x`), false)
  })
}

test('more than twelve formats are known, and nothing else', () => {
  assert.ok(FOREIGN_FORMATS.length >= 12, FOREIGN_FORMATS.join(', '))
  for (const text of [
    '',
    'password',
    '$9$abc',
    '{CLEAR}x',
    '5f4dcc3b5aa765d61d8327deb882cf99',
    '$2a$10$',
    '!',
  ])
    assert.notEqual(readForeignHash(text).kind, 'known', text)
})

test('a stored text may not ask for more than a check may cost', () => {
  for (const stored of [
    '$2a$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW',
    '$argon2id$v=19$m=9999999,t=5,p=4$cm94YnRVOW5jZzFzcVE4bQ$fBxypOL0nP/zdPE71JtAV71i487LbX3fJI5PoTN6Lp4',
    '$argon2id$v=19$m=65536,t=999,p=4$cm94YnRVOW5jZzFzcVE4bQ$fBxypOL0nP/zdPE71JtAV71i487LbX3fJI5PoTN6Lp4',
    '$pbkdf2-sha256$99999999$4vjV83LKPjQzk31VI4E0Vw$hsYF68OiOUPdDZ1Fg.fJPeq1h/gXXY7acBp9/6c.tmQ',
    '$scrypt$ln=30,r=8,p=1$2npRo7P03Mt8keSoMbyD/tKFWyUzjiQf2svUaNDSrhA=$MiCzNcIplSMqSBrm4HckjYqYhaVPPjTARTzwB1cVNYE=',
    '$scrypt$ln=14,r=999,p=1$2npRo7P03Mt8keSoMbyD/tKFWyUzjiQf2svUaNDSrhA=$MiCzNcIplSMqSBrm4HckjYqYhaVPPjTARTzwB1cVNYE=',
    // The extremes that Kratos had to refuse in hash/hash_limits.go
    '$firescrypt$ln=31,r=8,p=1$c2FsdHNhbHRzYWx0$aGFzaA==$Bw==$a2V5a2V5',
    '$firescrypt$ln=18,r=8,p=1$c2FsdHNhbHRzYWx0$aGFzaA==$Bw==$a2V5a2V5',
    '$6$rounds=999999999$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1',
    '$P$zIQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0',
  ]) {
    assert.equal(readForeignHash(stored).kind, 'out-of-bounds', stored)
  }
})
