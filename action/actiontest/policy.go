package actiontest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"riposte.dev/action"
	"riposte.dev/iam"
)

// grant is a permission on some of its resources: what [World.Action] is given. One that is all that the permission can be
// allowed on is written by its name alone.
type grant struct {
	Permission string       `json:"permission"`
	Within     action.Limit `json:"within"`
}

func (g grant) text() (string, error) {
	if g.Within.Resources == nil && g.Within.Conditions == nil {
		return g.Permission, nil
	}
	raw, err := json.Marshal(g)
	return string(raw), err
}

// name is how World.Elsewhere names the grant: the permission, and where it is one of several, its resource type.
func (g grant) name() string {
	if len(g.Within.Resources) == 1 {
		return g.Permission + " on " + g.Within.Resources[0]
	}
	return g.Permission
}

// elsewhere reports whether another world needs the grant, or the permission as a whole.
func (g grant) elsewhere(list []string) bool {
	return slices.Contains(list, g.Permission) || slices.Contains(list, g.name())
}

func parseGrant(text string) (grant, error) {
	if !strings.HasPrefix(text, "{") {
		return grant{Permission: text}, nil
	}
	var g grant
	return g, json.Unmarshal([]byte(text), &g)
}

// grants are what an action is granted: a grant for each permission, and for each resource where its specification says on which.
func grants(spec action.Spec) []grant {
	var out []grant
	for _, p := range spec.Permissions {
		limit := spec.Within[p]
		if len(limit.Resources) == 0 {
			out = append(out, grant{p, limit})
		}
		for _, r := range limit.Resources {
			out = append(out, grant{p, action.Limit{Resources: []string{r}, Conditions: limit.Conditions}})
		}
	}
	return out
}

// declared are the grants of the specification, as World.Action takes them.
func declared(spec action.Spec) []string {
	permissions, err := without(grants(spec), -1)
	if err != nil {
		panic(err) // what is marshalled is strings alone
	}
	return permissions
}

// without writes the grants but one, as World.Action takes them.
func without(all []grant, one int) ([]string, error) {
	var out []string
	for i, g := range all {
		if i == one {
			continue
		}
		text, err := g.text()
		if err != nil {
			return nil, err
		}
		out = append(out, text)
	}
	return out, nil
}

// printed are the documents for one account, as `riposte iam policy` prints them for its role there.
func printed(account string, permissions []string) ([]string, error) {
	if slices.Contains(permissions, "*") {
		return []string{`{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}`}, nil
	}
	if len(permissions) == 0 {
		return nil, nil
	}
	s := iam.Setup{Account: account}
	for _, text := range permissions {
		g, err := parseGrant(text)
		if err != nil {
			return nil, fmt.Errorf("grant %s: %w", text, err)
		}
		s.Responses = append(s.Responses, iam.Response{
			Permissions: []string{g.Permission},
			Within:      map[string]iam.Limit{g.Permission: {Resources: g.Within.Resources, Conditions: g.Within.Conditions}},
		})
	}
	parts, err := iam.Split(iam.Merge(iam.Respond(s)), iam.ManagedLimit)
	if err != nil {
		return nil, err
	}
	var documents []string
	for _, p := range parts {
		raw, err := p.JSON()
		if err != nil {
			return nil, err
		}
		documents = append(documents, string(raw))
	}
	return documents, nil
}
