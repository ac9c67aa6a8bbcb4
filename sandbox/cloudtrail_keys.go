package sandbox

import (
	"crypto/md5" //nolint:gosec // CloudTrail's fingerprints are MD5
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"time"

	"riposte.dev/sandbox/wire"
)

// keyDays is how long a key pair signs.
const keyDays = 30

// signingKey signs the digests of one region for a while.
type signingKey struct {
	private     *rsa.PrivateKey
	public      []byte // PKCS #1, DER
	fingerprint string
	from, to    time.Time
}

// signingKeys are the key pairs of a region, oldest first. All accounts share
// them.
type signingKeys struct{ keys []*signingKey }

// clone shares the keys: they never change.
func (k *signingKeys) clone() stater { return &signingKeys{append([]*signingKey(nil), k.keys...)} }

func newSigningKeys() *signingKeys { return &signingKeys{} }

// signingKey is the region's key pair at a time, made when there is none.
func (s *Sandbox) signingKey(region string, now time.Time) (*signingKey, error) {
	state := liveState(s, stateKey{service: "cloudtrail", region: region}, newSigningKeys)
	for _, k := range state.keys {
		if !now.Before(k.from) && now.Before(k.to) {
			return k, nil
		}
	}
	// Of the machine's randomness: keys can't be drawn from a seed.
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, fmt.Errorf("make a key pair for digests in %s: %w", region, err)
	}
	public := x509.MarshalPKCS1PublicKey(&private.PublicKey)
	sum := md5.Sum(public) //nolint:gosec // names the key, protects nothing
	day := now.UTC().Truncate(24 * time.Hour)
	k := &signingKey{private, public, hex.EncodeToString(sum[:]), day, day.AddDate(0, 0, keyDays)}
	state.keys = append(state.keys, k)
	return k, nil
}

// listPublicKeys lists the region's keys that were valid in a range of time; by
// default, those of now.
func listPublicKeys(c *call) (wire.Object, error) {
	from, to := c.time, c.time
	if t, ok := c.in.time("StartTime"); ok {
		from = t
	}
	if t, ok := c.in.time("EndTime"); ok {
		to = t
	}
	if from.After(to) {
		return nil, wire.Errorf("InvalidTimeRangeException", "The start time must be before the end time.")
	}
	if _, err := c.sb.signingKey(c.region, c.time); err != nil {
		return nil, err
	}
	state := liveState(c.sb, stateKey{service: "cloudtrail", region: c.region}, newSigningKeys)
	var fitting []*signingKey
	for _, k := range state.keys {
		if !k.from.After(to) && k.to.After(from) {
			fitting = append(fitting, k)
		}
	}
	page, next, err := paginate(c, fitting, c.in.str("NextToken"), 50)
	if err != nil {
		return nil, wire.Errorf("InvalidTokenException", "The token is invalid.")
	}
	out := wire.Object{"PublicKeyList": list(page, func(k *signingKey) any {
		return wire.Object{"Value": k.public, "ValidityStartTime": k.from, "ValidityEndTime": k.to, "Fingerprint": k.fingerprint}
	})}
	put(out, "NextToken", next)
	return out, nil
}
