package http

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"riposte.dev/conf"
)

// Connection is how to call endpoints, as it stands in the configuration
// (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-target-connection.html). At most one of APIKey, Basic and
// OAuth is given.
type Connection struct {
	Name                         string            `yaml:"name" conf:"required"`
	Method                       string            `yaml:"method"` // default POST
	APIKey                       *APIKey           `yaml:"api_key"`
	Basic                        *Basic            `yaml:"basic"`
	OAuth                        *OAuth            `yaml:"oauth"`
	HeaderParameters             map[string]string `yaml:"header_parameters"`                // go before the target's own
	QueryStringParameters        map[string]string `yaml:"query_string_parameters"`          // go before the target's own
	BodyParameters               map[string]string `yaml:"body_parameters"`                  // added to an input that is an object
	InvocationRateLimitPerSecond int               `yaml:"invocation_rate_limit_per_second"` // default 300
}

// APIKey puts a secret into a header.
type APIKey struct {
	Name      string `yaml:"name" conf:"required"`
	ValueFile string `yaml:"value_file" conf:"required"`
}

// Basic is a user name with a password (RFC 7617).
type Basic struct {
	Username     string `yaml:"username" conf:"required"`
	PasswordFile string `yaml:"password_file" conf:"required"`
}

// OAuth is the client credentials grant (RFC 6749, section 4.4).
type OAuth struct {
	AuthorizationEndpoint string            `yaml:"authorization_endpoint" conf:"required"` // that gives tokens
	ClientID              string            `yaml:"client_id" conf:"required"`
	ClientSecretFile      string            `yaml:"client_secret_file" conf:"required"`
	BodyParameters        map[string]string `yaml:"body_parameters"` // such as scope and audience
}

const defaultRate = 300 // a second, as API destinations have

var (
	nameForm = regexp.MustCompile(`^[.\-_A-Za-z0-9]{1,64}$`)
	methods  = []string{"POST", "GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"}
)

// Check finds every mistake in the connections; paths are relative to the list.
func Check(connections []Connection) conf.Problems {
	var problems conf.Problems
	seen := map[string]bool{}
	for i, c := range connections {
		fail := func(field, hint, message string) {
			problems = append(problems, conf.Problem{Path: conf.IndexPath("", i) + "." + field, Message: message, Hint: hint})
		}
		switch {
		case !nameForm.MatchString(c.Name):
			fail("name", "use 1 to 64 letters, digits, dots, dashes and underscores", "that is not a connection's name")
		case seen[c.Name]:
			fail("name", "give each connection a name of its own", "connection "+c.Name+" is there twice")
		}
		seen[c.Name] = true
		if c.Method != "" && !slices.Contains(methods, c.Method) {
			fail("method", "write "+strings.Join(methods, ", "), "API destinations don't have the method "+c.Method)
		}
		ways := 0
		for _, given := range []bool{c.APIKey != nil, c.Basic != nil, c.OAuth != nil} {
			if given {
				ways++
			}
		}
		if ways > 1 {
			fail("name", "keep one of api_key, basic and oauth", "connection "+c.Name+" authenticates in several ways")
		}
		if c.OAuth != nil {
			if u, err := url.Parse(c.OAuth.AuthorizationEndpoint); err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
				fail("oauth.authorization_endpoint", "write https://HOST/PATH", "the authorization endpoint is no URL")
			} else if u.Scheme == "http" && !loopback(u.Hostname()) {
				fail("oauth.authorization_endpoint", "write https://", "a secret is not sent unencrypted")
			}
		}
		if n := c.InvocationRateLimitPerSecond; n < 0 || n > 10000 {
			fail("invocation_rate_limit_per_second", "write 1 to 10000", "the rate is out of range")
		}
	}
	return problems
}
