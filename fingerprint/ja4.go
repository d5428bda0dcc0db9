package fingerprint

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"slices"
	"strings"
)

// Extensions of the hello (IANA, TLS ExtensionType Values).
const (
	serverName          uint16 = 0
	alpn                uint16 = 16
	padding             uint16 = 21
	preSharedKey        uint16 = 41
	earlyData           uint16 = 42
	quicTransportParams uint16 = 57
)

// JA4 returns the JA4 of a TLS hello (FoxIO, technical_details/JA4.md): transport, highest version, whether it names a
// host, how many ciphers and extensions, the first protocol of ALPN, then a hash of the sorted ciphers and a hash of the
// sorted extensions with the signature algorithms, all without GREASE (RFC 8701). It depends on which names, not what
// values, a client sends, so that neither the order, which browsers shuffle, nor the host's name matters.
func JA4(info *tls.ClientHelloInfo) string { return ja4(info, real(info.Extensions)) }

// Program returns the JA4 of a hello without what the same program sends on some connections and not on others:
// pre_shared_key and early_data, which resume a session (RFC 8446, 4.2.10 and 4.2.11), and padding, which follows from the
// hello's length (RFC 7685). It is what JA4 gives for a hello that has none of them. It still tells by what name and for
// what protocol a program connects: Chromium's figure for WebSockets, which it opens by HTTP/1, shares only the ciphers.
func Program(info *tls.ClientHelloInfo) string {
	return ja4(info, slices.DeleteFunc(real(info.Extensions), passing))
}

func passing(extension uint16) bool {
	return extension == preSharedKey || extension == earlyData || extension == padding
}

func ja4(info *tls.ClientHelloInfo, extensions []uint16) string {
	ciphers := real(info.CipherSuites)
	out := make([]byte, 0, len("t13d1516h2_8daaf6152771_e5627efa2ab1"))
	out = append(out, pick(slices.Contains(extensions, quicTransportParams), 'q', 't'))
	out = append(out, version(info.SupportedVersions)...)
	out = append(out, pick(slices.Contains(extensions, serverName), 'd', 'i'))
	out = count(out, len(ciphers))
	out = count(out, len(extensions))
	out = append(out, ends(info.SupportedProtos)...)
	slices.Sort(ciphers)
	slices.Sort(extensions)
	hashed := slices.DeleteFunc(extensions, func(e uint16) bool { return e == serverName || e == alpn })
	list := names(nil, hashed)
	if schemes := real(info.SignatureSchemes); len(list) > 0 && len(schemes) > 0 {
		list = names(append(list, '_'), schemes)
	}
	out = hash(append(out, '_'), names(nil, ciphers))
	return string(hash(append(out, '_'), list))
}

// real copies a list without its GREASE values.
func real[T ~uint16](list []T) []T {
	out := make([]T, 0, len(list))
	for _, v := range list {
		if !grease(uint16(v)) {
			out = append(out, v)
		}
	}
	return out
}

// grease reports whether a value is one of those that mean nothing: 0x0a0a, 0x1a1a … 0xfafa.
func grease(v uint16) bool { return v&0x0f0f == 0x0a0a && v>>8 == v&0xff }

func version(offered []uint16) string {
	switch slices.Max(append(real(offered), 0)) {
	case tls.VersionTLS13:
		return "13"
	case tls.VersionTLS12:
		return "12"
	case tls.VersionTLS11:
		return "11"
	case tls.VersionTLS10:
		return "10"
	}
	return "00"
}

// ends returns the first and last character of the first protocol, or of its bytes in hex if those are not both letters
// or digits.
func ends(protocols []string) string {
	if len(protocols) == 0 || protocols[0] == "" {
		return "00"
	}
	p := protocols[0]
	if !alphanumeric(p[0]) || !alphanumeric(p[len(p)-1]) {
		p = hex.EncodeToString([]byte(p))
	}
	return string([]byte{p[0], p[len(p)-1]})
}

func alphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// count appends n in two digits.
func count(out []byte, n int) []byte {
	n = min(n, 99)
	return append(out, byte('0'+n/10), byte('0'+n%10))
}

// names appends four hex digits for each value, with commas between them.
func names[T ~uint16](out []byte, list []T) []byte {
	for i, v := range list {
		if i > 0 {
			out = append(out, ',')
		}
		out = hex.AppendEncode(out, []byte{byte(v >> 8), byte(v)})
	}
	return out
}

// hash appends twelve hex digits; zeros stand for an empty list.
func hash(out, list []byte) []byte {
	if len(list) == 0 {
		return append(out, strings.Repeat("0", 12)...)
	}
	sum := sha256.Sum256(list)
	return hex.AppendEncode(out, sum[:6])
}

func pick(condition bool, yes, no byte) byte {
	if condition {
		return yes
	}
	return no
}
