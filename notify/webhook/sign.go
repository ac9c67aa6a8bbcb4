package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"riposte.dev/fault"
	"riposte.dev/notify/outbound"
)

// signatures signs a body with every secret of the file, so that a receiver who knows one of them is content while they
// are exchanged. prefix is "<id>.<timestamp>."
// (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md).
func signatures(file, prefix string, body []byte) (string, error) {
	text, err := outbound.Secret(file)
	if err != nil {
		return "", err
	}
	var out []string
	for _, secret := range strings.Fields(text) {
		encoded, found := strings.CutPrefix(secret, "whsec_")
		key, err := base64.StdEncoding.DecodeString(encoded)
		if !found || err != nil || len(key) < 24 || len(key) > 64 {
			return "", fault.New(fault.Invalid, "the secret in %s is not whsec_ and 24 to 64 bytes in base64", file).
				WithHint("make one with: echo whsec_$(openssl rand -base64 32)")
		}
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(prefix))
		mac.Write(body)
		out = append(out, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	return strings.Join(out, " "), nil
}
