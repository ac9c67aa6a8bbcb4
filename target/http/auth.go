package http

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"riposte.dev/fault"
	"riposte.dev/target"
)

// authenticate puts the connection's credentials on the request.
func (s *Sender) authenticate(ctx context.Context, c *connection, req *http.Request) error {
	switch {
	case c.APIKey != nil:
		key, err := s.opts.Secret(c.APIKey.ValueFile)
		if err != nil {
			return err
		}
		req.Header.Set(c.APIKey.Name, key)
	case c.Basic != nil:
		password, err := s.opts.Secret(c.Basic.PasswordFile)
		if err != nil {
			return err
		}
		req.SetBasicAuth(c.Basic.Username, password)
	case c.OAuth != nil:
		bearer, err := c.token.get(s.opts.Now(), func() (string, time.Duration, error) { return s.fetch(ctx, c.OAuth) })
		if err != nil {
			return err
		}
		req.Header.Set("Authorization", "Bearer "+bearer)
	}
	return nil
}

// token keeps an access token until shortly before it expires.
type token struct {
	mu      sync.Mutex
	bearer  string
	expires time.Time
}

// get returns the token, or fetches one; who comes meanwhile waits for it.
func (t *token) get(now time.Time, fetch func() (string, time.Duration, error)) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.bearer != "" && now.Before(t.expires) {
		return t.bearer, nil
	}
	bearer, lives, err := fetch()
	if err != nil {
		return "", err
	}
	t.bearer, t.expires = bearer, now.Add(lives-lives/10)
	return bearer, nil
}

// forget has the next get fetch a token: the endpoint did not take this one.
func (t *token) forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.bearer = ""
}

// fetch asks for an access token with the client's credentials in the Authorization header (RFC 6749, section 2.3.1).
// An endpoint that refuses is asked again, as EventBridge does: the delivery is kept while somebody mends the credentials.
func (s *Sender) fetch(ctx context.Context, o *OAuth) (string, time.Duration, error) {
	where := &target.Config{URL: o.AuthorizationEndpoint}
	secret, err := s.opts.Secret(o.ClientSecretFile)
	if err != nil {
		return "", 0, err
	}
	form := url.Values{"grant_type": {"client_credentials"}}
	for name, value := range o.BodyParameters {
		form.Set(name, value)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, o.AuthorizationEndpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return "", 0, fault.New(fault.Invalid, "the token can't be asked for").WithHint("check oauth.authorization_endpoint")
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	req.SetBasicAuth(url.QueryEscape(o.ClientID), url.QueryEscape(secret))
	answer, err := s.opts.Client.Do(req)
	if err != nil {
		return "", 0, unanswered(ctx, where, err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return "", 0, fault.New(fault.Unavailable, "%s gives no token: %d %s", where.Address(), answer.StatusCode, http.StatusText(answer.StatusCode)).
			WithHint("check client_id and client_secret_file")
	}
	var given struct {
		AccessToken string `json:"access_token"`
		ExpiresIn   int64  `json:"expires_in"` // s
	}
	if err := json.NewDecoder(io.LimitReader(answer.Body, 1<<20)).Decode(&given); err != nil || given.AccessToken == "" || strings.ContainsAny(given.AccessToken, "\r\n\x00") {
		return "", 0, fault.New(fault.Unavailable, "%s gives no token that can be read", where.Address())
	}
	lives := min(time.Duration(given.ExpiresIn)*time.Second, 24*time.Hour)
	return given.AccessToken, max(lives, time.Second), nil
}
