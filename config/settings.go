package config

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Settings are what a configuration's text sets, by key: tables of a list have their name in the key, such as
// tenant[contoso].mode. A secret's value is its hash.
type Settings map[string]string

// hashed begins the value of a secret.
const hashed = "sha256:"

// SettingsOf reads a text. One that is no TOML sets nothing.
func SettingsOf(data []byte) Settings {
	values, _ := decode("", data)
	s := Settings{}
	s.add("", values)
	return s
}

// add takes in a table.
func (s Settings) add(at string, table map[string]any) {
	for key, value := range table {
		name := strings.TrimPrefix(at+"."+key, ".")
		switch v := value.(type) {
		case map[string]any:
			s.add(name, v)
		case []map[string]any:
			for i, one := range v {
				s.add(name+"["+placeName(one, i)+"]", one)
			}
		default:
			s[name] = setting(name, key, fmt.Sprint(v))
		}
	}
}

// setting is the value of a key as it may be shown. Who knows the URL of a route for alerts can post to it.
func setting(name, key, value string) string {
	secret := strings.HasSuffix(key, "address") ||
		key == "url" && (strings.ContainsAny(value, "@?") || strings.HasPrefix(name, "alert["))
	for _, word := range []string{"secret", "password", "token", "header"} {
		known := strings.HasSuffix(key, "_file") || key == "client_secret_ends"
		secret = secret || strings.Contains(key, word) && !known
	}
	if !secret {
		return value
	}
	sum := sha256.Sum256([]byte(value))
	return hashed + hex.EncodeToString(sum[:])
}

// placeName tells the tables of a list apart: by their name, else by their place.
func placeName(table map[string]any, place int) string {
	for _, key := range []string{"name", "id", "pattern"} {
		if name, is := table[key].(string); is {
			return name
		}
	}
	return fmt.Sprint(place)
}

// ChangedSetting is a key that two configurations set differently.
type ChangedSetting struct {
	Key  string
	Text string // from what to what; of a secret only that it changed
}

// Changed lists what other settings have that these have not, by key.
func (s Settings) Changed(other Settings) (list []ChangedSetting) {
	keys := maps.Clone(s)
	maps.Copy(keys, other)
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		from, was := s[key]
		to, is := other[key]
		secret := strings.HasPrefix(cmp.Or(to, from), hashed)
		switch {
		case was == is && from == to:
			continue
		case !is && secret:
			list = append(list, ChangedSetting{key, "taken out"})
		case !is:
			list = append(list, ChangedSetting{key, "taken out; it was " + from})
		case !was && secret:
			list = append(list, ChangedSetting{key, "set"})
		case !was:
			list = append(list, ChangedSetting{key, "set to " + to})
		case secret:
			list = append(list, ChangedSetting{key, "changed"})
		default:
			list = append(list, ChangedSetting{key, from + " -> " + to})
		}
	}
	return list
}

// TenantOf is the name of the tenant that a key is of; "" for none.
func (c ChangedSetting) TenantOf() string {
	rest, is := strings.CutPrefix(c.Key, "tenant[")
	name, _, found := strings.Cut(rest, "]")
	if !is || !found {
		return ""
	}
	return name
}
