package app

import (
	"cmp"
	"path"
)

// place says where something that is read lies in AWS.
type place struct{ name, region, account string }

// tellApart names places for people: by the name alone where no other place has it, else with the region, else with the
// account too. States on /readyz and metrics go by it, so two queues of one name in two regions don't hide one another.
func tellApart(places []place) []string {
	forms := []func(place) string{
		func(p place) string { return p.name },
		func(p place) string { return p.name + " " + p.region },
		func(p place) string { return p.name + " " + p.region + " " + p.account },
	}
	names := make([]string, len(places))
	for _, form := range forms {
		taken := map[string]int{}
		for _, p := range places {
			taken[form(p)]++
		}
		for i, p := range places {
			if names[i] == "" && taken[form(p)] == 1 {
				names[i] = form(p)
			}
		}
	}
	for i, p := range places {
		if names[i] == "" { // one place twice
			names[i] = forms[len(forms)-1](p)
		}
	}
	return names
}

// places lists where the sources of one kind lie.
func places[T any](configs []T, of func(T) place) []place {
	list := make([]place, len(configs))
	for i, c := range configs {
		list[i] = of(c)
	}
	return list
}

func queuePlace(q QueueConfig) place {
	arn := queueARN("", q, q.Region)
	return place{path.Base(q.URL), arnPart(arn, 3), cmp.Or(q.Account, arnPart(arn, 4))}
}
