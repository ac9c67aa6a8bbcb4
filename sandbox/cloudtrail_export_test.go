package sandbox

import (
	"fmt"
	"time"
)

// Flood records n StopLogging calls of a user in us-east-1.
func (s *Sandbox) Flood(a *Account, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	svc := s.services["cloudtrail"]
	who := &principal{kind: "IAMUser", id: "AIDACKCEVSQ6C2EXAMPLE", account: a.ID, name: "mallory", arn: "arn:aws:iam::" + a.ID + ":user/mallory"}
	for i := range n {
		c := &call{sb: s, svc: svc, op: svc.byName["StopLogging"], caller: who, account: s.accounts[a.ID], region: "us-east-1", time: s.opts.Clock.Now()}
		s.emit(c, &eventRecord{
			EventVersion: eventVersion, UserIdentity: identityOf(who), EventTime: stamp(c.time), EventSource: svc.eventSource(),
			EventName: "StopLogging", AWSRegion: c.region, SourceIPAddress: "203.0.113.7", UserAgent: "aws-cli/2.15",
			RequestParameters: map[string]string{"name": fmt.Sprint("trail-", i)}, RequestID: s.newUUID(), EventID: s.newUUID(),
			EventType: "AwsApiCall", ManagementEvent: true, RecipientAccountID: a.ID, EventCategory: "Management",
			TLSDetails: map[string]string{"tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256", "clientProvidedHostHeader": "cloudtrail.us-east-1.amazonaws.com"},
		})
	}
}

// GatherMany hands the same record of us-east-1 to the trails n times.
func (s *Sandbox) GatherMany(a *Account, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := &eventRecord{UserIdentity: &userIdentity{}, AWSRegion: "us-east-1", RecipientAccountID: a.ID}
	c := &call{sb: s, svc: s.services["cloudtrail"], time: s.opts.Clock.Now()}
	for range n {
		s.gather(c, r, []byte("{}"))
	}
}

// SigningKey is the fingerprint of the key that signs the digests of a region
// at a time.
func (s *Sandbox) SigningKey(region string, at time.Time) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, err := s.signingKey(region, at)
	if err != nil {
		return "", err
	}
	return k.fingerprint, nil
}
