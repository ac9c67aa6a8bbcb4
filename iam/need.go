package iam

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Need is something that riposte must be allowed to do.
type Need struct {
	Actions    []string   // "sqs:ReceiveMessage", as the Service Authorization Reference writes them
	Resources  []string   // ARNs, with wildcards where they must be; nil: "*"
	Conditions Conditions // nil: none
	Why        string     // one or two words that end up in the statement's Sid: "respond", "read queues"
}

// grant is one action under one condition, with everything that it is needed for.
type grant struct {
	action, conditions string
	on                 Conditions
	resources, why     []string
}

// Merge returns the smallest policy that grants the needs: each action once for each condition, actions with the same
// resources and conditions in one statement a service, nothing that another grant covers. An action that IAM cannot limit
// to resources is allowed on "*". Sorted by service; the order of the needs doesn't matter.
func Merge(needs []Need) Policy {
	grants := map[[2]string]*grant{}
	for _, need := range needs {
		key := canonical(need.Conditions)
		for _, action := range need.Actions {
			g := grants[[2]string{action, key}]
			if g == nil {
				g = &grant{action: action, conditions: key, on: need.Conditions}
				grants[[2]string{action, key}] = g
			}
			resources := need.Resources
			if len(resources) == 0 || onEverything(action) {
				resources = []string{"*"}
			}
			g.resources = append(g.resources, resources...)
			g.why = append(g.why, need.Why)
		}
	}
	for key, g := range grants {
		g.resources, g.why = uncovered(g.resources), sorted(g.why)
		if open := grants[[2]string{g.action, ""}]; key[1] != "" && open != nil && len(uncovered(slices.Concat(open.resources, g.resources))) == len(uncovered(open.resources)) {
			delete(grants, key) // allowed anyway, without the condition
		}
	}
	return Policy{Version: version, Statement: statements(grants)}
}

func statements(grants map[[2]string]*grant) []Statement {
	type group struct {
		service, resources, conditions string
	}
	grouped := map[group]*Statement{}
	why := map[group][]string{}
	for _, g := range grants {
		key := group{serviceOf(g.action), strings.Join(g.resources, "\n"), g.conditions}
		s := grouped[key]
		if s == nil {
			s = &Statement{Effect: "Allow", Resource: g.resources, Condition: g.on}
			grouped[key] = s
		}
		s.Action = append(s.Action, g.action)
		why[key] = append(why[key], g.why...)
	}
	keys := make([]group, 0, len(grouped))
	for key := range grouped {
		slices.Sort(grouped[key].Action)
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b group) int {
		if c := strings.Compare(a.service, b.service); c != 0 {
			return c
		}
		if c := slices.Compare(grouped[a].Action, grouped[b].Action); c != 0 {
			return c
		}
		return strings.Compare(a.resources+a.conditions, b.resources+b.conditions)
	})
	var out []Statement
	taken := map[string]bool{}
	for _, key := range keys {
		s := *grouped[key]
		name := sid(key.service, sorted(why[key]))
		s.Sid = name
		for n := 2; taken[s.Sid]; n++ {
			s.Sid = name + strconv.Itoa(n)
		}
		taken[s.Sid] = true
		out = append(out, s)
	}
	return out
}

// sid makes a statement's id of letters and digits: the service and what it is for.
func sid(service string, why []string) string {
	if len(why) > 2 {
		why = []string{"several"}
	}
	var out strings.Builder
	for _, word := range strings.FieldsFunc(service+" "+strings.Join(why, " and "), func(r rune) bool {
		return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r)
	}) {
		out.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return out.String()
}

func serviceOf(action string) string {
	service, _, _ := strings.Cut(action, ":")
	return service
}

// canonical writes conditions so that equal ones are equal; "" for none.
func canonical(c Conditions) string {
	if len(c) == 0 {
		return ""
	}
	text, err := json.Marshal(c) // maps are written in the order of their keys
	if err != nil {
		return "" // strings can always be written
	}
	return string(text)
}

func sorted(list []string) []string {
	list = slices.Clone(list)
	slices.Sort(list)
	return slices.Compact(list)
}

// uncovered leaves out what another resource of the list covers by its wildcards.
func uncovered(resources []string) []string {
	all := sorted(resources)
	return slices.DeleteFunc(slices.Clone(all), func(r string) bool {
		return slices.ContainsFunc(all, func(by string) bool { return by != r && covers(by, r) })
	})
}

// covers reports whether every resource that r stands for is one that the pattern stands for. A wildcard of r is only
// covered by one of the pattern, and only * and literals are understood: what is in doubt stays in the policy.
func covers(pattern, r string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 || !strings.HasPrefix(r, parts[0]) {
		return false
	}
	rest := r[len(parts[0]):]
	for _, part := range parts[1 : len(parts)-1] {
		i := strings.Index(rest, part)
		if i < 0 {
			return false
		}
		rest = rest[i+len(part):]
	}
	return strings.HasSuffix(rest, parts[len(parts)-1])
}
