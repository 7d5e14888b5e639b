// An authority of the tests' own and two certificates that it signed: one for this machine, one for another host. Nothing
// outside the tests trusts it, and its own key is not kept. Node cannot make certificates; these hold from 2020 to 2120,
// whatever the clock of a machine says. Made with OpenSSL 3, for each of ca, forge and elsewhere:
//   openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout NAME.key -out NAME.csr -subj '/CN=NAME of the tests'
//   openssl ca -batch -notext -keyfile ca.key -in NAME.csr -out NAME.pem -extfile NAME.ext
//     -startdate 20200101000000Z -enddate 21200101000000Z    (with -selfsign for ca, alone and old, and -cert ca.pem for the others)
// NAME.ext of ca: basicConstraints=critical,CA:true and keyUsage=critical,keyCertSign; of the others: the subjectAltName below.

export const authority = `-----BEGIN CERTIFICATE-----
MIIBeTCCASCgAwIBAgIUSAf/8tuJz6J9SIsKedFiFQJhMyUwCgYIKoZIzj0EAwIw
GjEYMBYGA1UEAwwPY2Egb2YgdGhlIHRlc3RzMCAXDTIwMDEwMTAwMDAwMFoYDzIx
MjAwMTAxMDAwMDAwWjAaMRgwFgYDVQQDDA9jYSBvZiB0aGUgdGVzdHMwWTATBgcq
hkjOPQIBBggqhkjOPQMBBwNCAASUkZabqluUSlA/kYNmpPmRdW7yHk+QMla/6CaT
eiReFGwU0CJLD2b4MlCVybeBhhMOIeJMWOU35fF9/R7zWJOKo0IwQDAPBgNVHRMB
Af8EBTADAQH/MA4GA1UdDwEB/wQEAwICBDAdBgNVHQ4EFgQUCPxVolHEqWlYuZK9
PPpNRqDcsB0wCgYIKoZIzj0EAwIDRwAwRAIgYyEeE0lZz79I9uOqJt9bKjfeZrSS
0XGU0M6fV1ruFBkCICCoy7s+zx0f4nXK66vp+rwh/PKsBADgsvt6lfwP7Qih
-----END CERTIFICATE-----
`;

/** subjectAltName=IP:127.0.0.1,DNS:localhost */
export const ofThisMachine = {
  cert: `-----BEGIN CERTIFICATE-----
MIIBmDCCAT+gAwIBAgIUSEnrzKW5yZAzzc2Pwg22RiCTt4IwCgYIKoZIzj0EAwIw
GjEYMBYGA1UEAwwPY2Egb2YgdGhlIHRlc3RzMCAXDTIwMDEwMTAwMDAwMFoYDzIx
MjAwMTAxMDAwMDAwWjAdMRswGQYDVQQDDBJmb3JnZSBvZiB0aGUgdGVzdHMwWTAT
BgcqhkjOPQIBBggqhkjOPQMBBwNCAASTLRL8sxF3wk1oj1K6TkKu0v4iOV43iR7A
0jq9looSCthWmJwqwjNyKOXCMPbZXL35eLLOVWrI7gEOE5KvErcWo14wXDAaBgNV
HREEEzARhwR/AAABgglsb2NhbGhvc3QwHQYDVR0OBBYEFDK93+bUhvLy2efJkvrt
r80gIYJzMB8GA1UdIwQYMBaAFAj8VaJRxKlpWLmSvTz6TUag3LAdMAoGCCqGSM49
BAMCA0cAMEQCIEEszh5n3qkx6yPkrswacKXq/S0O78JxxMj8amO6M8vVAiAtyaWM
sPWIRR+zWl8yRV1S47mqlujh7nkcVpfCIbZGhQ==
-----END CERTIFICATE-----
`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgB22aL6z0/VcOwV03
AvOJDpAfpQINzhirNbKj9wrUJGihRANCAASTLRL8sxF3wk1oj1K6TkKu0v4iOV43
iR7A0jq9looSCthWmJwqwjNyKOXCMPbZXL35eLLOVWrI7gEOE5KvErcW
-----END PRIVATE KEY-----
`,
};

/** subjectAltName=DNS:elsewhere.example */
export const ofAnotherHost = {
  cert: `-----BEGIN CERTIFICATE-----
MIIBoDCCAUWgAwIBAgIUD4od2ZJ/0BMEGjk4TCEHdVCpBHkwCgYIKoZIzj0EAwIw
GjEYMBYGA1UEAwwPY2Egb2YgdGhlIHRlc3RzMCAXDTIwMDEwMTAwMDAwMFoYDzIx
MjAwMTAxMDAwMDAwWjAhMR8wHQYDVQQDDBZlbHNld2hlcmUgb2YgdGhlIHRlc3Rz
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEjlG9MDUH7gm5K5tNF3DpXeXZfo0G
+F80uFfDSI/3E11LpsB8xSEdmc/bS0uLZzjbKAZFeDhG+72oYvfGLJ5IP6NgMF4w
HAYDVR0RBBUwE4IRZWxzZXdoZXJlLmV4YW1wbGUwHQYDVR0OBBYEFFmIFOf/nQmQ
ir/MAK4E8VzFukYgMB8GA1UdIwQYMBaAFAj8VaJRxKlpWLmSvTz6TUag3LAdMAoG
CCqGSM49BAMCA0kAMEYCIQDu8vCBX7FGyZLFRGUhAQFXC3u8MpH1DVrEyvxsOx30
fAIhAI3/+dtTKO+6anWNCHOF6friHmEixNB1tn3euBXAXqj3
-----END CERTIFICATE-----
`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgw/NHuQp4k7U9ZUrc
Fg4JfSA8O1Jhre48fDoFsoKYDMGhRANCAASOUb0wNQfuCbkrm00XcOld5dl+jQb4
XzS4V8NIj/cTXUumwHzFIR2Zz9tLS4tnONsoBkV4OEb7vahi98Ysnkg/
-----END PRIVATE KEY-----
`,
};

/** Signed by itself, for this machine. */
export const alone = {
  cert: `-----BEGIN CERTIFICATE-----
MIIBezCCASGgAwIBAgIUeFSTCe9yQLaCkm6SKKm8Zdtn2lkwCgYIKoZIzj0EAwIw
HTEbMBkGA1UEAwwSYWxvbmUgb2YgdGhlIHRlc3RzMCAXDTIwMDEwMTAwMDAwMFoY
DzIxMjAwMTAxMDAwMDAwWjAdMRswGQYDVQQDDBJhbG9uZSBvZiB0aGUgdGVzdHMw
WTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASVu9CCOU1Wqes+oxn63MvOvX1vl05j
qwrsHeeEO1GP3DAf1nvN2vzKexLdf2lBQAVNPyt4uLpTQNbgRvzcIcwQoz0wOzAa
BgNVHREEEzARhwR/AAABgglsb2NhbGhvc3QwHQYDVR0OBBYEFARz8eYN4q2TZ71d
L6Mfg/eauYyBMAoGCCqGSM49BAMCA0gAMEUCIQCMfn7r41rlGA603Rl03rtU9/CS
qyt79zAN/eopCpzAhQIgB6ouQfcw6igZY8dVTHWv0quhJU+3eV73WTDB+JkR+Fk=
-----END CERTIFICATE-----
`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQggdhEgtoA/1j2/GSF
aM6Dq46L7L1AuMxqNtcoF1TsQlyhRANCAASVu9CCOU1Wqes+oxn63MvOvX1vl05j
qwrsHeeEO1GP3DAf1nvN2vzKexLdf2lBQAVNPyt4uLpTQNbgRvzcIcwQ
-----END PRIVATE KEY-----
`,
};

/** Signed by itself, for this machine, until 2021. */
export const old = {
  cert: `-----BEGIN CERTIFICATE-----
MIIBdjCCARugAwIBAgIUDmSZnVXYIshzXu6rFOh8Ss4FqIswCgYIKoZIzj0EAwIw
GzEZMBcGA1UEAwwQb2xkIG9mIHRoZSB0ZXN0czAeFw0yMDAxMDEwMDAwMDBaFw0y
MTAxMDEwMDAwMDBaMBsxGTAXBgNVBAMMEG9sZCBvZiB0aGUgdGVzdHMwWTATBgcq
hkjOPQIBBggqhkjOPQMBBwNCAAQWd+S0KonvxS4CWjbCmx9Irc7zrwjZyqqyTPRU
MiYWtlz5cDlVNUR9YA7vi6RG6T/mHQPsf6GG9G6+DPV2rms+oz0wOzAaBgNVHREE
EzARhwR/AAABgglsb2NhbGhvc3QwHQYDVR0OBBYEFHHDpYKOd2Ovh5pviLK6ER1G
sjCPMAoGCCqGSM49BAMCA0kAMEYCIQCCezgVMjPAVwp0zp70fWhwHqen1Yg1+7Xj
sLAmOdnWfgIhAInII7ysBM/fXFOzTnuvNB+sFlgRKJ8X76AV+jTz71ha
-----END CERTIFICATE-----
`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgKVZxkv4fsEXAUgfV
aJbkC2EeHeCHC2mUqhUQLDxe+JuhRANCAAQWd+S0KonvxS4CWjbCmx9Irc7zrwjZ
yqqyTPRUMiYWtlz5cDlVNUR9YA7vi6RG6T/mHQPsf6GG9G6+DPV2rms+
-----END PRIVATE KEY-----
`,
};
