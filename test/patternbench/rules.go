package main

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
)

// ruleMaker makes rule sets like those of a security team: most rules name a source and event names, some look at the
// rest of the record, one in ten has no source. Only names of a few hot kinds of event are real, so that about one
// event in twenty matches, however many rules there are.
type ruleMaker struct {
	rnd     *rand.Rand
	sources []string
	hot     map[string][]string // event names by source
	broad   bool                // rules that match many events
}

// newRuleMaker picks hot kinds that come to a twentieth of the events.
func newRuleMaker(kinds map[kind]int, seed uint64) *ruleMaker {
	m := &ruleMaker{rnd: rand.New(rand.NewPCG(seed, 7)), hot: map[string][]string{}}
	all := 0
	for _, n := range kinds {
		all += n
	}
	seen := map[string]bool{}
	order := sortedKinds(kinds)
	for _, k := range order {
		if !seen[k.source] {
			seen[k.source] = true
			m.sources = append(m.sources, k.source)
		}
	}
	for i := range 20 {
		m.sources = append(m.sources, fmt.Sprintf("aws.service%d", i))
	}
	m.rnd.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	covered := 0
	for _, k := range order {
		if n := kinds[k]; (covered+n)*20 <= all {
			covered += n
			m.hot[k.source] = append(m.hot[k.source], k.name)
		}
	}
	return m
}

var verbs = []string{"Create", "Delete", "Put", "Update", "Describe", "List", "Attach", "Modify", "Disable", "Revoke"}

func (m *ruleMaker) name(source string) string {
	if hot := m.hot[source]; len(hot) > 0 && m.rnd.IntN(10) == 0 {
		return hot[m.rnd.IntN(len(hot))]
	}
	return fmt.Sprintf("%sThing%d", verbs[m.rnd.IntN(len(verbs))], m.rnd.IntN(400))
}

func (m *ruleMaker) names(source string, most int) string {
	list := make([]string, 1+m.rnd.IntN(most))
	for i := range list {
		list[i] = fmt.Sprintf("%q", m.name(source))
	}
	return "[" + strings.Join(list, ",") + "]"
}

// pattern returns one pattern's text.
func (m *ruleMaker) pattern() string {
	source := m.sources[m.rnd.IntN(len(m.sources))]
	var top, detail []string
	if m.rnd.IntN(10) > 0 {
		more := ""
		if m.rnd.IntN(8) == 0 {
			more = fmt.Sprintf(",%q", m.sources[m.rnd.IntN(len(m.sources))])
		}
		top = append(top, fmt.Sprintf(`"source":[%q%s]`, source, more))
	}
	if m.broad {
		top = append(top, m.broadField())
		return "{" + strings.Join(top, ",") + "}"
	}
	switch m.rnd.IntN(20) {
	case 0:
		detail = append(detail, fmt.Sprintf(`"eventName":[{"prefix":"%sOdd%d"}]`, verbs[m.rnd.IntN(len(verbs))], m.rnd.IntN(50)))
	case 1:
		detail = append(detail, fmt.Sprintf(`"eventName":[{"suffix":"Odd%d"}]`, m.rnd.IntN(50)))
	case 2:
		detail = append(detail, fmt.Sprintf(`"userIdentity":{"type":["Root"],"userName":["u%d"]}`, m.rnd.IntN(1000)))
	case 3:
		detail = append(detail, fmt.Sprintf(`"sourceIPAddress":[{"cidr":"203.%d.%d.0/24"}]`, m.rnd.IntN(256), m.rnd.IntN(256)))
	case 4:
		return fmt.Sprintf(`{%s"$or":[{"detail":{"eventName":%s}},{"detail":{"errorCode":["Error%d"]}}]}`,
			strings.Join(append(top, ""), ","), m.names(source, 3), m.rnd.IntN(100))
	default:
		detail = append(detail, `"eventName":`+m.names(source, 4))
	}
	switch m.rnd.IntN(16) {
	case 0:
		detail = append(detail, `"errorCode":[{"exists":false}]`)
	case 1:
		detail = append(detail, `"userAgent":[{"anything-but":{"prefix":"console"}}]`)
	case 2:
		detail = append(detail, `"awsRegion":[{"anything-but":["eu-west-1","eu-central-1"]}]`)
	case 3:
		detail = append(detail, fmt.Sprintf(`"requestParameters":{"maxResults":[{"numeric":[">",%d]}]}`, m.rnd.IntN(100)))
	case 4:
		detail = append(detail, `"recipientAccountId":[{"exists":true}]`)
	}
	return "{" + strings.Join(append(top, `"detail":{`+strings.Join(detail, ",")+"}"), ",") + "}"
}

// broadField holds for many events each.
func (m *ruleMaker) broadField() string {
	fields := []string{
		`"userIdentity":{"type":["IAMUser"]}`, `"eventName":[{"prefix":"Describe"}]`, `"eventName":[{"prefix":"Get"}]`,
		`"userAgent":[{"anything-but":"x"}]`, `"errorCode":[{"exists":false}]`, `"sourceIPAddress":[{"cidr":"10.0.0.0/8"}]`,
		`"readOnly":[true]`, `"eventName":[{"suffix":"s"}]`, `"userAgent":[{"wildcard":"*Terraform*"}]`,
	}
	return fmt.Sprintf(`"detail":{%s,"eventID":[{"anything-but":"%d"}]}`, fields[m.rnd.IntN(len(fields))], m.rnd.IntN(1000))
}

// wildcards are n patterns of two pieces of text on one field.
func (m *ruleMaker) wildcards(n int) []string {
	patterns := make([]string, n)
	for i := range patterns {
		patterns[i] = fmt.Sprintf(`{"detail":{"userAgent":[{"wildcard":"*%s%d*%s%d*"}]}}`,
			verbs[m.rnd.IntN(len(verbs))], m.rnd.IntN(30), verbs[m.rnd.IntN(len(verbs))], m.rnd.IntN(30))
	}
	return patterns
}

// patterns returns n patterns. The first ones ask for the hot kinds, by source, so that small sets match as many events as
// large ones do.
func (m *ruleMaker) patterns(n int) []string {
	patterns := make([]string, n)
	hot := slices.Sorted(maps.Keys(m.hot))
	for i := range patterns {
		if i < len(hot) && i < n/2 && !m.broad {
			names := make([]string, len(m.hot[hot[i]]))
			for j, name := range m.hot[hot[i]] {
				names[j] = fmt.Sprintf("%q", name)
			}
			patterns[i] = fmt.Sprintf(`{"source":[%q],"detail":{"eventName":[%s]}}`, hot[i], strings.Join(names, ","))
			continue
		}
		patterns[i] = m.pattern()
	}
	return patterns
}
