package sandbox

import (
	"net/http"
	"slices"
	"time"

	"riposte.dev/sandbox/wire"
)

// securityhubService answers for whether Security Hub is on, and by what it
// checks, and for findings that are imported
// (https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_Operations.html).
// Actions and resources are those of
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecurityhub.html.
func securityhubService() *service {
	op := func(name string, handle func(*call) (wire.Object, error)) operation {
		return operation{
			name: name, handle: handle, record: recordShape{capitals: true},
			resources: func(c *call) []string { return []string{c.arn("hub/default")} },
		}
	}
	svc := &service{
		name: "securityhub", prefix: "securityhub",
		operations: []operation{
			op("EnableSecurityHub", enableSecurityHub),
			op("DescribeHub", describeHub),
			op("DisableSecurityHub", disableSecurityHub),
			op("GetEnabledStandards", getEnabledStandards),
			op("BatchImportFindings", batchImportFindings),
			op("GetFindings", getFindings),
		},
	}
	svc.operations[0].also = securityhubRole.needs
	svc.operations[4].resources = importedProducts
	return svc
}

var securityhubRole = linkedRole{"securityhub.amazonaws.com", "AWSServiceRoleForSecurityHub"}

// securityhub is that of an account in a region.
type securityhub struct {
	since     time.Time // zero: it is off
	standards []string  // ARNs; replaced, never changed
	findings  []wire.Object
}

func newSecurityHub() *securityhub { return &securityhub{} }

func (s *securityhub) clone() stater {
	out := *s
	return &out
}

// hub is the account's; unless it is on, an error.
func (c *call) hub() (*securityhub, error) {
	s := stateOf(c, stateKey{"securityhub", c.account.id, c.region}, newSecurityHub)
	if s.since.IsZero() {
		return s, &wire.Error{
			Code: "InvalidAccessException", Status: http.StatusUnauthorized,
			Message: "Account " + c.account.id + " is not subscribed to AWS Security Hub",
		}
	}
	return s, nil
}

// enableSecurityHub has the two standards that are AWS's defaults
// (https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-auto-enabled-standards.html).
func enableSecurityHub(c *call) (wire.Object, error) {
	s, err := c.hub()
	if err == nil {
		return nil, wire.Errorf("ResourceConflictException", "Account is already subscribed to Security Hub")
	}
	securityhubRole.make(c)
	s.since, s.standards = c.time.UTC(), nil
	if c.in.flag("EnableDefaultStandards", true) {
		s.standards = []string{
			"arn:aws:securityhub:" + c.region + "::standards/aws-foundational-security-best-practices/v/1.0.0",
			"arn:aws:securityhub:::ruleset/cis-aws-foundations-benchmark/v/1.2.0",
		}
	}
	return wire.Object{}, nil
}

func describeHub(c *call) (wire.Object, error) {
	s, err := c.hub()
	if err != nil {
		return nil, err
	}
	return wire.Object{"HubArn": c.arn("hub/default"), "SubscribedAt": s.since.Format(time.RFC3339), "AutoEnableControls": true}, nil
}

func disableSecurityHub(c *call) (wire.Object, error) {
	s, err := c.hub()
	if err != nil {
		return nil, err
	}
	*s = securityhub{}
	return wire.Object{}, nil
}

func getEnabledStandards(c *call) (wire.Object, error) {
	s, err := c.hub()
	if err != nil {
		return nil, err
	}
	subscription := func(standard string) string { return c.arn("subscription/" + standard[len("arn:aws:securityhub:"):]) }
	only := c.in.strs("StandardsSubscriptionArns")
	var fitting []string
	for _, standard := range s.standards {
		if len(only) == 0 || slices.Contains(only, subscription(standard)) {
			fitting = append(fitting, standard)
		}
	}
	page, next, err := paginate(c, fitting, c.in.str("NextToken"), c.in.number("MaxResults", 100))
	if err != nil {
		return nil, wire.Errorf("InvalidInputException", "Invalid NextToken")
	}
	out := wire.Object{"StandardsSubscriptions": list(page, func(standard string) any {
		return wire.Object{
			"StandardsSubscriptionArn": subscription(standard), "StandardsArn": standard, "StandardsInput": wire.Object{}, "StandardsStatus": "READY",
		}
	})}
	put(out, "NextToken", next)
	return out, nil
}
