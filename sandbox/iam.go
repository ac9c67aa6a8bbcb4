package sandbox

import (
	"maps"
	"net/url"
	"slices"
	"strings"

	"riposte.dev/sandbox/policy"
	"riposte.dev/sandbox/wire"
)

// iamService answers for users, their keys, roles and policies
// (https://docs.aws.amazon.com/IAM/latest/APIReference/API_Operations.html).
func iamService() *service {
	svc := &service{name: "iam", prefix: "iam", global: true}
	svc.operations = slices.Concat(userOperations(), keyOperations(), roleOperations(), policyOperations(), groupOperations(), loginOperations(), passwordOperations(), credentialOperations(), []operation{
		{name: "ListAccountAliases", handle: listAccountAliases},
	})
	for i := range svc.operations {
		svc.operations[i].record.dates = recordDateIAM
	}
	return svc
}

func (c *call) identities() *identities {
	return stateOf(c, stateKey{"iam", c.account.id, ""}, newIdentities)
}

// iamARN names a user or role of the account, whether it exists or not.
func (c *call) iamARN(resource string) string { return arn("iam", "", c.account.id, resource) }

// inputPath is the Path that a new entity shall have.
func (c *call) inputPath() string { return orElse(c.in.str("Path"), "/") }

func listAccountAliases(c *call) (wire.Object, error) {
	out := wire.List{}
	if a := c.identities().alias; a != "" {
		out = append(out, a)
	}
	return wire.Object{"AccountAliases": out, "IsTruncated": false}, nil
}

// SetAlias sets the alias that IAM shows for the account.
func (a *Account) SetAlias(alias string) {
	a.sb.mu.Lock()
	defer a.sb.mu.Unlock()
	a.sb.identitiesOf(a.ID).alias = alias
}

// iamPage is a page of a list answer with IAM's Marker and IsTruncated.
func iamPage[T any](c *call, name string, items []T, each func(T) any) (wire.Object, error) {
	page, next, err := paginate(c, items, c.in.str("Marker"), c.in.number("MaxItems", 100))
	if err != nil {
		return nil, c.fail(wire.Invalid, "Invalid Marker: %v", err)
	}
	out := wire.Object{name: list(page, each), "IsTruncated": next != ""}
	put(out, "Marker", next)
	return out, nil
}

// byName lists the values of a map that keep accepts, by name.
func byName[T any](m map[string]T, keep func(T) bool) []T {
	var out []T
	for _, k := range slices.Sorted(maps.Keys(m)) {
		if keep(m[k]) {
			out = append(out, m[k])
		}
	}
	return out
}

// checkDocument refuses what isn't a policy. trust policies name principals and
// no resources, identity policies the reverse.
func checkDocument(text string, trust bool) error {
	d, err := policy.Parse([]byte(text))
	if err != nil {
		return wire.Errorf("MalformedPolicyDocumentException", "%v", err)
	}
	for _, s := range d.Statements {
		named := s.Principal != nil || s.NotPrincipal != nil
		hasResource := len(s.Resources)+len(s.NotResources) > 0
		switch {
		case trust && !named:
			return wire.Errorf("MalformedPolicyDocumentException", "Policy document should specify a principal.")
		case trust && hasResource:
			return wire.Errorf("MalformedPolicyDocumentException", "Has prohibited field Resource")
		case !trust && named:
			return wire.Errorf("MalformedPolicyDocumentException", "Policy document should not specify a principal.")
		case !trust && !hasResource:
			return wire.Errorf("MalformedPolicyDocumentException", "Policy statement must contain resources.")
		}
	}
	return nil
}

// escapeDocument spells a policy as IAM's answers do: percent-encoded.
func escapeDocument(text string) string {
	return strings.ReplaceAll(url.QueryEscape(text), "+", "%20")
}

// attach adds a managed policy to a list of attached ones, or returns the list
// as it was with the reason.
func (c *call) attach(attached []string, policyARN, kind string) ([]string, error) {
	if c.identities().document(policyARN) == "" {
		return attached, wire.Errorf("NoSuchEntityException", "Policy %s does not exist or is not attachable.", policyARN)
	}
	if slices.Contains(attached, policyARN) {
		return attached, nil
	}
	if len(attached) >= maxAttached {
		return attached, wire.Errorf("LimitExceededException", "Cannot exceed quota for PoliciesPer%s: %d", kind, maxAttached)
	}
	return append(attached, policyARN), nil
}

func detach(attached []string, policyARN string) ([]string, error) {
	if !slices.Contains(attached, policyARN) {
		return attached, wire.Errorf("NoSuchEntityException", "Policy %s was not found.", policyARN)
	}
	return without(attached, policyARN), nil
}

// attachedPolicy is an entry of the answers of ListAttached…Policies.
func attachedPolicy(policyARN string) any {
	return wire.Object{"PolicyArn": policyARN, "PolicyName": policyARN[strings.LastIndex(policyARN, "/")+1:]}
}

// tagsOf reads a Tags member.
func (c *call) tagsOf(member string) map[string]string {
	out := map[string]string{}
	for _, t := range c.in.objects(member) {
		out[t.str("Key")] = t.str("Value")
	}
	return out
}

func names(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }
