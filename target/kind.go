package target

import (
	"net/url"
	"regexp"
	"strings"
	"sync"

	"riposte.dev/fault"
)

// Kind is a kind of target.
type Kind struct {
	Name string // as in ARNs; "sms" for a phone number, "http" for a URL
	// Acts says that the target does something by itself when it is told of an event. The others only carry the event.
	Acts   bool
	Effect Effect
}

// Effect says what becomes of a delivery that is sent again because riposte did not learn of its success.
type Effect string

const (
	// Token: the service knows the delivery's id again, and does nothing.
	Token Effect = "token"
	// AtLeastOnce: it happens again; the delivery's id, where the service carries it, tells the receiver.
	AtLeastOnce Effect = "at-least-once"
)

// kind is a row of the table of everything that depends on the kind of target.
type kind struct {
	Kind
	resource func() *regexp.Regexp // what an ARN of the kind has after the account
	example  string
	limit    int // bytes of input that the service takes
	actions  []string
}

const kib = 1 << 10

// form compiles an expression at its first use: a bounded repetition makes a large program, and most are never used.
func form(expression string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
}

// The limits are those of the services' API references, as of 2026.
var kinds = []kind{
	{Kind{"sns", false, AtLeastOnce}, form(`^[A-Za-z0-9_-]{1,256}(\.fifo)?$`),
		"arn:aws:sns:eu-west-1:111122223333:security", 256 * kib, []string{"sns:Publish"}},
	{Kind{"sqs", false, AtLeastOnce}, form(`^[A-Za-z0-9_-]{1,80}(\.fifo)?$`),
		"arn:aws:sqs:eu-west-1:111122223333:security", 1024 * kib, []string{"sqs:SendMessage"}},
	{Kind{"lambda", true, AtLeastOnce}, form(`^function:[A-Za-z0-9_-]{1,64}(:[A-Za-z0-9_$-]{1,128})?$`),
		"arn:aws:lambda:eu-west-1:111122223333:function:enrich", 1024 * kib, []string{"lambda:InvokeFunction"}},
	{Kind{"states", true, Token}, form(`^stateMachine:[^\s<>{}\[\]?*"#%\\^|~$&,;:/]{1,80}(:[^\s:/]{1,80})?$`),
		"arn:aws:states:eu-west-1:111122223333:stateMachine:isolate", 256 * kib, []string{"states:StartExecution"}},
	{Kind{"events", false, AtLeastOnce}, form(`^event-bus/[A-Za-z0-9._/-]{1,256}$`),
		"arn:aws:events:eu-west-1:111122223333:event-bus/security", 1024 * kib, []string{"events:PutEvents"}},
	{Kind{"kinesis", false, AtLeastOnce}, form(`^stream/[A-Za-z0-9_.-]{1,128}$`),
		"arn:aws:kinesis:eu-west-1:111122223333:stream/security", 1024 * kib, []string{"kinesis:PutRecord"}},
	{Kind{"firehose", false, AtLeastOnce}, form(`^deliverystream/[A-Za-z0-9_.-]{1,64}$`),
		"arn:aws:firehose:eu-west-1:111122223333:deliverystream/security", 1000*kib - 1, []string{"firehose:PutRecord"}},
	{Kind{"logs", false, AtLeastOnce}, form(`^log-group:[A-Za-z0-9_./#-]{1,512}(:\*)?$`),
		"arn:aws:logs:eu-west-1:111122223333:log-group:/aws/events/security", 1024*kib - 26, []string{"logs:CreateLogStream", "logs:PutLogEvents"}},
	{Kind{"ssm", true, AtLeastOnce}, form(`^document/[A-Za-z0-9_.-]{3,128}$`),
		"arn:aws:ssm:eu-west-1:111122223333:document/isolate", 64 * kib, []string{"ssm:SendCommand"}},
	{Kind{"ecs", true, Token}, form(`^cluster/[A-Za-z0-9_-]{1,255}$`),
		"arn:aws:ecs:eu-west-1:111122223333:cluster/security", 8 * kib, []string{"ecs:RunTask"}},
	{Kind{"sms", false, AtLeastOnce}, nil, "", 1600, []string{"sns:Publish"}},
	{Kind{"http", true, AtLeastOnce}, nil, "", 1024 * kib, nil},
}

func named(name string) *kind {
	for i := range kinds {
		if kinds[i].Name == name {
			return &kinds[i]
		}
	}
	return nil
}

// address is an ARN in parts.
type address struct{ partition, service, region, account, resource string }

func parseARN(text string) (address, bool) {
	p := strings.SplitN(text, ":", 6)
	if len(p) != 6 || p[0] != "arn" || !strings.HasPrefix(p[1], "aws") || p[2] == "" || p[5] == "" {
		return address{}, false
	}
	return address{p[1], p[2], p[3], p[4], p[5]}, true
}

var accountForm = regexp.MustCompile(`^[0-9]{12}$`)

// kind returns the row of the target. Its error has code fault.Invalid.
func (c *Config) kind() (*kind, error) {
	switch {
	case c.URL != "":
		return named("http"), nil
	case c.PhoneNumber != "":
		return named("sms"), nil
	}
	const reason = "Parameter %s is not valid. Reason: Provided Arn is not in correct format."
	a, ok := parseARN(c.ARN)
	if !ok {
		return nil, fault.New(fault.Invalid, reason, c.ARN).WithHint("write an ARN such as %s", kinds[1].example)
	}
	if a.service == "events" && strings.HasPrefix(a.resource, "api-destination/") {
		return nil, fault.New(fault.Invalid, "riposte has its own HTTP client and doesn't call API destinations").
			WithHint("write url: and connection: in place of the ARN")
	}
	k := named(a.service)
	if k == nil || k.resource == nil {
		var known []string
		for _, k := range kinds {
			if k.resource != nil {
				known = append(known, k.Name)
			}
		}
		return nil, fault.New(fault.Invalid, "%s is not supported as a target", a.service).
			WithHint("targets by ARN are: %s", strings.Join(known, ", "))
	}
	// an AWS-owned document has no account
	if !k.resource().MatchString(a.resource) || a.region == "" || !accountForm.MatchString(a.account) && (k.Name != "ssm" || a.account != "") {
		return nil, fault.New(fault.Invalid, reason, c.ARN).WithHint("write an ARN such as %s", k.example)
	}
	return k, nil
}

// Kind returns the kind of the target. Its error has code fault.Invalid.
func (c *Config) Kind() (Kind, error) {
	k, err := c.kind()
	if err != nil {
		return Kind{}, err
	}
	if strings.HasSuffix(c.ARN, ".fifo") {
		return Kind{k.Name, k.Acts, Token}, nil
	}
	return k.Kind, nil
}

// Address is where the target is, for people and logs: the ARN, the URL's scheme and host (its path may be a secret, as that of
// many webhooks is), or the phone number with most digits hidden.
func (c *Config) Address() string {
	switch {
	case c.ARN != "":
		return c.ARN
	case c.URL != "":
		u, err := url.Parse(c.URL)
		if err != nil || u.Host == "" {
			return "a URL"
		}
		return u.Scheme + "://" + u.Host
	default:
		return "phone number ending in " + c.PhoneNumber[max(0, len(c.PhoneNumber)-2):]
	}
}

func cutAny(s, chars string) string {
	if at := strings.IndexAny(s, chars); at >= 0 {
		return s[:at]
	}
	return s
}
