package sqs

import (
	"net/url"
	"regexp"
	"strings"

	"riposte.dev/fault"
)

// address is what a queue's URL says.
type address struct{ region, account, queue string }

// awsHost finds the region in the name of one of SQS's endpoints
// (https://docs.aws.amazon.com/general/latest/gr/sqs-service.html), VPC endpoints and the old form REGION.queue included.
var awsHost = regexp.MustCompile(`^(?:(?:[a-z0-9-]+\.)?sqs(?:-fips)?\.([a-z0-9-]+)\.(?:vpce\.)?|([a-z0-9-]+)\.queue\.)(?:amazonaws\.com(?:\.cn)?|api\.aws)$`)

var accountID = regexp.MustCompile(`^[0-9]{12}$`)

// parseAddress reads a queue's URL. The region given, where there is one, is for hosts that don't name theirs.
func parseAddress(o Options) (address, error) {
	wrong := func(format string, args ...any) error {
		return fault.New(fault.Invalid, "queue "+o.Name+": "+format, args...).
			WithHint("`aws sqs get-queue-url --queue-name NAME` prints it, such as https://sqs.us-east-1.amazonaws.com/111122223333/NAME")
	}
	u, err := url.Parse(o.QueueURL)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return address{}, wrong("%q is not the URL of a queue", o.QueueURL)
	}
	parts := strings.Split(strings.Trim(u.Path, "/"), "/")
	if len(parts) < 2 || parts[len(parts)-1] == "" {
		return address{}, wrong("the URL %s names no account and queue", o.QueueURL)
	}
	a := address{region: o.Region, account: o.Account, queue: parts[len(parts)-1]}
	if m := awsHost.FindStringSubmatch(strings.ToLower(u.Hostname())); m != nil {
		named := m[1] + m[2]
		if a.region != "" && a.region != named {
			return address{}, wrong("the URL names the region %s, and %s is set", named, a.region)
		}
		a.region = named
	}
	if a.region == "" {
		return address{}, fault.New(fault.Invalid, "queue %s: the URL %s doesn't name the region", o.Name, o.QueueURL).
			WithHint("set the region beside it")
	}
	if owner := parts[len(parts)-2]; a.account == "" && accountID.MatchString(owner) {
		a.account = owner
	}
	return a, nil
}
