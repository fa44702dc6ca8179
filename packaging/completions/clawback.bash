# Completion of clawback for bash. Made by: clawback completion bash

_clawback() {
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} path= i skip= commands flags words files
	for ((i = 1; i < COMP_CWORD; i++)); do
		if [ -n "$skip" ]; then
			skip=
			continue
		fi
		case ${COMP_WORDS[i]} in
		--socket | --url | --token-file | --url-ca-file | --config | -c | --hostname | --tenant-id | --domain | --alternate-mailbox | --email | --name | --originator-org | --client-id | --certificate-file | --key-file | --mailbox | --state | --since | --limit | --cursor | --comment | --tenant | --purpose | --network | --cause | --from | --peers | --older-than | --yes-delete | --local | --regions | --timeout | --role | --owner | --expires | --file | -o | --account | --recipient | -r | --identity | -i | --sender | --subject | --disposition | --proof | --variant | --output | --query | --ids-from | --to | --yes-restore | --campaign | --yes-all | --is | --field | --note | --kind | --for | --format | --column | --feed | --rules | --rule | --object | --who | --what | --report | --original | --decrypted | --workers | --reports | --listen | --ca-file | --seed | --users) skip=yes ;;
		-*) ;;
		*)
			case $path/${COMP_WORDS[i]} in
			""/serve | \
				""/init | \
				""/check | \
				""/status | \
				""/queue | \
				"queue"/list | \
				"queue"/show | \
				"queue"/retry | \
				"queue"/export | \
				"queue"/discard | \
				""/bounce | \
				"bounce"/list | \
				"bounce"/show | \
				"bounce"/retry | \
				"bounce"/export | \
				""/address | \
				"address"/new | \
				"address"/list | \
				"address"/retire | \
				""/connect | \
				""/setup | \
				"setup"/exchange | \
				""/token | \
				"token"/create | \
				"token"/list | \
				"token"/revoke | \
				""/console | \
				"console"/link | \
				""/alert | \
				"alert"/list | \
				"alert"/test | \
				"alert"/deliveries | \
				""/backup | \
				""/restore-backup | \
				""/store | \
				"store"/reindex | \
				"store"/check | \
				"store"/forget-old | \
				""/search | \
				""/show | \
				""/retract | \
				""/restore | \
				""/job | \
				"job"/list | \
				"job"/show | \
				"job"/follow | \
				"job"/pause | \
				"job"/resume | \
				"job"/cancel | \
				""/preview | \
				""/held | \
				"held"/list | \
				"held"/campaigns | \
				"held"/approve | \
				"held"/reject | \
				""/report | \
				""/export | \
				""/feedback | \
				"feedback"/give | \
				"feedback"/list | \
				"feedback"/export | \
				"feedback"/withdraw | \
				"feedback"/reset | \
				""/submission | \
				"submission"/list | \
				"submission"/show | \
				"submission"/accept | \
				"submission"/dismiss | \
				"submission"/export | \
				""/submit | \
				""/policy | \
				"policy"/list | \
				"policy"/add | \
				"policy"/remove | \
				"policy"/test | \
				"policy"/import | \
				"policy"/export | \
				""/intel | \
				"intel"/list | \
				"intel"/add | \
				"intel"/explain | \
				"intel"/import | \
				"intel"/approve | \
				"intel"/feeds | \
				"intel"/update | \
				"intel"/remove | \
				""/rescan | \
				"rescan"/start | \
				"rescan"/list | \
				"rescan"/show | \
				"rescan"/follow | \
				"rescan"/approve | \
				"rescan"/pause | \
				"rescan"/resume | \
				"rescan"/cancel | \
				""/rules | \
				"rules"/list | \
				"rules"/test | \
				"rules"/backtest | \
				""/audit | \
				""/unwrap | \
				""/score | \
				""/demo | \
				""/graphsim | \
				""/completion | \
				""/manual | \
				""/version) path="${path:+$path }${COMP_WORDS[i]}" ;;
			esac
			;;
		esac
	done
	case $path:$before in
	"":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"":--url)
		COMPREPLY=()
		:
		return
		;;
	"":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"serve":--config | "serve":-c)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"serve":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"serve":--url)
		COMPREPLY=()
		:
		return
		;;
	"serve":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"serve":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"init":--config | "init":-c)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"init":--hostname)
		COMPREPLY=()
		:
		return
		;;
	"init":--tenant-id)
		COMPREPLY=()
		:
		return
		;;
	"init":--domain)
		COMPREPLY=()
		:
		return
		;;
	"init":--alternate-mailbox)
		COMPREPLY=()
		:
		return
		;;
	"init":--email)
		COMPREPLY=()
		:
		return
		;;
	"init":--name)
		COMPREPLY=()
		:
		return
		;;
	"init":--originator-org)
		COMPREPLY=()
		:
		return
		;;
	"init":--client-id)
		COMPREPLY=()
		:
		return
		;;
	"init":--certificate-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"init":--key-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"init":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"init":--url)
		COMPREPLY=()
		:
		return
		;;
	"init":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"init":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"check":--config | "check":-c)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"check":--mailbox)
		COMPREPLY=()
		:
		return
		;;
	"check":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"check":--url)
		COMPREPLY=()
		:
		return
		;;
	"check":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"check":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"status":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"status":--url)
		COMPREPLY=()
		:
		return
		;;
	"status":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"status":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"queue":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"queue":--url)
		COMPREPLY=()
		:
		return
		;;
	"queue":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"queue":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"queue list":--state)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -W "ready working deferred suspect quarantined" -- "$word")
		return
		;;
	"queue list":--since)
		COMPREPLY=()
		:
		return
		;;
	"queue list":--limit)
		COMPREPLY=()
		:
		return
		;;
	"queue list":--cursor)
		COMPREPLY=()
		:
		return
		;;
	"queue list":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"queue list":--url)
		COMPREPLY=()
		:
		return
		;;
	"queue list":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"queue list":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"queue show":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"queue show":--url)
		COMPREPLY=()
		:
		return
		;;
	"queue show":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"queue show":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"queue retry":--comment)
		COMPREPLY=()
		:
		return
		;;
	"queue retry":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"queue retry":--url)
		COMPREPLY=()
		:
		return
		;;
	"queue retry":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"queue retry":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"queue export":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"queue export":--url)
		COMPREPLY=()
		:
		return
		;;
	"queue export":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"queue export":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"queue discard":--tenant)
		COMPREPLY=()
		:
		return
		;;
	"queue discard":--purpose)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -W "journal recovery submission postmaster" -- "$word")
		return
		;;
	"queue discard":--network)
		COMPREPLY=()
		:
		return
		;;
	"queue discard":--cause)
		COMPREPLY=()
		:
		return
		;;
	"queue discard":--from)
		COMPREPLY=()
		:
		return
		;;
	"queue discard":--peers)
		COMPREPLY=()
		:
		return
		;;
	"queue discard":--older-than)
		COMPREPLY=()
		:
		return
		;;
	"queue discard":--comment)
		COMPREPLY=()
		:
		return
		;;
	"queue discard":--yes-delete)
		COMPREPLY=()
		:
		return
		;;
	"queue discard":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"queue discard":--url)
		COMPREPLY=()
		:
		return
		;;
	"queue discard":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"queue discard":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"bounce":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"bounce":--url)
		COMPREPLY=()
		:
		return
		;;
	"bounce":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"bounce":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"bounce list":--state)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -W "waiting stuck sent" -- "$word")
		return
		;;
	"bounce list":--since)
		COMPREPLY=()
		:
		return
		;;
	"bounce list":--limit)
		COMPREPLY=()
		:
		return
		;;
	"bounce list":--cursor)
		COMPREPLY=()
		:
		return
		;;
	"bounce list":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"bounce list":--url)
		COMPREPLY=()
		:
		return
		;;
	"bounce list":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"bounce list":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"bounce show":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"bounce show":--url)
		COMPREPLY=()
		:
		return
		;;
	"bounce show":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"bounce show":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"bounce retry":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"bounce retry":--url)
		COMPREPLY=()
		:
		return
		;;
	"bounce retry":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"bounce retry":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"bounce export":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"bounce export":--url)
		COMPREPLY=()
		:
		return
		;;
	"bounce export":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"bounce export":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"address":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"address":--url)
		COMPREPLY=()
		:
		return
		;;
	"address":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"address":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"address new":--config | "address new":-c)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"address new":--tenant)
		COMPREPLY=()
		:
		return
		;;
	"address new":--domain)
		COMPREPLY=()
		:
		return
		;;
	"address new":--local)
		COMPREPLY=()
		:
		return
		;;
	"address new":--regions)
		COMPREPLY=()
		:
		return
		;;
	"address new":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"address new":--url)
		COMPREPLY=()
		:
		return
		;;
	"address new":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"address new":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"address list":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"address list":--url)
		COMPREPLY=()
		:
		return
		;;
	"address list":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"address list":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"address retire":--comment)
		COMPREPLY=()
		:
		return
		;;
	"address retire":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"address retire":--url)
		COMPREPLY=()
		:
		return
		;;
	"address retire":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"address retire":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"connect":--config | "connect":-c)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"connect":--timeout)
		COMPREPLY=()
		:
		return
		;;
	"connect":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"connect":--url)
		COMPREPLY=()
		:
		return
		;;
	"connect":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"connect":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"setup":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"setup":--url)
		COMPREPLY=()
		:
		return
		;;
	"setup":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"setup":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"setup exchange":--config | "setup exchange":-c)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"setup exchange":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"setup exchange":--url)
		COMPREPLY=()
		:
		return
		;;
	"setup exchange":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"setup exchange":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"token":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"token":--url)
		COMPREPLY=()
		:
		return
		;;
	"token":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"token":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"token create":--role)
		COMPREPLY=()
		:
		return
		;;
	"token create":--tenant)
		COMPREPLY=()
		:
		return
		;;
	"token create":--owner)
		COMPREPLY=()
		:
		return
		;;
	"token create":--expires)
		COMPREPLY=()
		:
		return
		;;
	"token create":--file | "token create":-o)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"token create":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"token create":--url)
		COMPREPLY=()
		:
		return
		;;
	"token create":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"token create":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"token list":--tenant)
		COMPREPLY=()
		:
		return
		;;
	"token list":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"token list":--url)
		COMPREPLY=()
		:
		return
		;;
	"token list":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"token list":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"token revoke":--comment)
		COMPREPLY=()
		:
		return
		;;
	"token revoke":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"token revoke":--url)
		COMPREPLY=()
		:
		return
		;;
	"token revoke":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"token revoke":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"console":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"console":--url)
		COMPREPLY=()
		:
		return
		;;
	"console":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"console":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"console link":--role)
		COMPREPLY=()
		:
		return
		;;
	"console link":--tenant)
		COMPREPLY=()
		:
		return
		;;
	"console link":--account)
		COMPREPLY=()
		:
		return
		;;
	"console link":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"console link":--url)
		COMPREPLY=()
		:
		return
		;;
	"console link":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"console link":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"alert":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"alert":--url)
		COMPREPLY=()
		:
		return
		;;
	"alert":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"alert":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"alert list":--limit)
		COMPREPLY=()
		:
		return
		;;
	"alert list":--cursor)
		COMPREPLY=()
		:
		return
		;;
	"alert list":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"alert list":--url)
		COMPREPLY=()
		:
		return
		;;
	"alert list":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"alert list":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"alert test":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"alert test":--url)
		COMPREPLY=()
		:
		return
		;;
	"alert test":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"alert test":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"alert deliveries":--limit)
		COMPREPLY=()
		:
		return
		;;
	"alert deliveries":--cursor)
		COMPREPLY=()
		:
		return
		;;
	"alert deliveries":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"alert deliveries":--url)
		COMPREPLY=()
		:
		return
		;;
	"alert deliveries":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"alert deliveries":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"backup":--recipient | "backup":-r)
		COMPREPLY=()
		:
		return
		;;
	"backup":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"backup":--url)
		COMPREPLY=()
		:
		return
		;;
	"backup":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"backup":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"restore-backup":--config | "restore-backup":-c)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"restore-backup":--identity | "restore-backup":-i)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"restore-backup":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"restore-backup":--url)
		COMPREPLY=()
		:
		return
		;;
	"restore-backup":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"restore-backup":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"store":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"store":--url)
		COMPREPLY=()
		:
		return
		;;
	"store":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"store":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"store reindex":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"store reindex":--url)
		COMPREPLY=()
		:
		return
		;;
	"store reindex":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"store reindex":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"store check":--config | "store check":-c)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"store check":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"store check":--url)
		COMPREPLY=()
		:
		return
		;;
	"store check":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"store check":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"store forget-old":--config | "store forget-old":-c)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"store forget-old":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"store forget-old":--url)
		COMPREPLY=()
		:
		return
		;;
	"store forget-old":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"store forget-old":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"search":--tenant)
		COMPREPLY=()
		:
		return
		;;
	"search":--sender)
		COMPREPLY=()
		:
		return
		;;
	"search":--recipient)
		COMPREPLY=()
		:
		return
		;;
	"search":--subject)
		COMPREPLY=()
		:
		return
		;;
	"search":--disposition)
		COMPREPLY=()
		:
		return
		;;
	"search":--since)
		COMPREPLY=()
		:
		return
		;;
	"search":--proof)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -W "network_id content person" -- "$word")
		return
		;;
	"search":--limit)
		COMPREPLY=()
		:
		return
		;;
	"search":--cursor)
		COMPREPLY=()
		:
		return
		;;
	"search":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"search":--url)
		COMPREPLY=()
		:
		return
		;;
	"search":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"search":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"show":--variant)
		COMPREPLY=()
		:
		return
		;;
	"show":--output | "show":-o)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"show":--limit)
		COMPREPLY=()
		:
		return
		;;
	"show":--cursor)
		COMPREPLY=()
		:
		return
		;;
	"show":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"show":--url)
		COMPREPLY=()
		:
		return
		;;
	"show":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"show":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"retract":--query)
		COMPREPLY=()
		:
		return
		;;
	"retract":--sender)
		COMPREPLY=()
		:
		return
		;;
	"retract":--recipient)
		COMPREPLY=()
		:
		return
		;;
	"retract":--subject)
		COMPREPLY=()
		:
		return
		;;
	"retract":--disposition)
		COMPREPLY=()
		:
		return
		;;
	"retract":--proof)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -W "network_id content person" -- "$word")
		return
		;;
	"retract":--since)
		COMPREPLY=()
		:
		return
		;;
	"retract":--tenant)
		COMPREPLY=()
		:
		return
		;;
	"retract":--ids-from)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"retract":--to)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -W "junk trash soft_delete hard_delete" -- "$word")
		return
		;;
	"retract":--yes-delete)
		COMPREPLY=()
		:
		return
		;;
	"retract":--comment)
		COMPREPLY=()
		:
		return
		;;
	"retract":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"retract":--url)
		COMPREPLY=()
		:
		return
		;;
	"retract":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"retract":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"restore":--query)
		COMPREPLY=()
		:
		return
		;;
	"restore":--sender)
		COMPREPLY=()
		:
		return
		;;
	"restore":--recipient)
		COMPREPLY=()
		:
		return
		;;
	"restore":--subject)
		COMPREPLY=()
		:
		return
		;;
	"restore":--disposition)
		COMPREPLY=()
		:
		return
		;;
	"restore":--proof)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -W "network_id content person" -- "$word")
		return
		;;
	"restore":--since)
		COMPREPLY=()
		:
		return
		;;
	"restore":--tenant)
		COMPREPLY=()
		:
		return
		;;
	"restore":--ids-from)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"restore":--yes-restore)
		COMPREPLY=()
		:
		return
		;;
	"restore":--comment)
		COMPREPLY=()
		:
		return
		;;
	"restore":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"restore":--url)
		COMPREPLY=()
		:
		return
		;;
	"restore":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"restore":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"job":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"job":--url)
		COMPREPLY=()
		:
		return
		;;
	"job":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"job":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"job list":--limit)
		COMPREPLY=()
		:
		return
		;;
	"job list":--cursor)
		COMPREPLY=()
		:
		return
		;;
	"job list":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"job list":--url)
		COMPREPLY=()
		:
		return
		;;
	"job list":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"job list":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"job show":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"job show":--url)
		COMPREPLY=()
		:
		return
		;;
	"job show":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"job show":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"job follow":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"job follow":--url)
		COMPREPLY=()
		:
		return
		;;
	"job follow":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"job follow":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"job pause":--comment)
		COMPREPLY=()
		:
		return
		;;
	"job pause":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"job pause":--url)
		COMPREPLY=()
		:
		return
		;;
	"job pause":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"job pause":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"job resume":--comment)
		COMPREPLY=()
		:
		return
		;;
	"job resume":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"job resume":--url)
		COMPREPLY=()
		:
		return
		;;
	"job resume":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"job resume":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"job cancel":--comment)
		COMPREPLY=()
		:
		return
		;;
	"job cancel":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"job cancel":--url)
		COMPREPLY=()
		:
		return
		;;
	"job cancel":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"job cancel":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"preview":--limit)
		COMPREPLY=()
		:
		return
		;;
	"preview":--cursor)
		COMPREPLY=()
		:
		return
		;;
	"preview":--query)
		COMPREPLY=()
		:
		return
		;;
	"preview":--since)
		COMPREPLY=()
		:
		return
		;;
	"preview":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"preview":--url)
		COMPREPLY=()
		:
		return
		;;
	"preview":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"preview":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"held":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"held":--url)
		COMPREPLY=()
		:
		return
		;;
	"held":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"held":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"held list":--limit)
		COMPREPLY=()
		:
		return
		;;
	"held list":--cursor)
		COMPREPLY=()
		:
		return
		;;
	"held list":--query)
		COMPREPLY=()
		:
		return
		;;
	"held list":--since)
		COMPREPLY=()
		:
		return
		;;
	"held list":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"held list":--url)
		COMPREPLY=()
		:
		return
		;;
	"held list":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"held list":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"held campaigns":--limit)
		COMPREPLY=()
		:
		return
		;;
	"held campaigns":--cursor)
		COMPREPLY=()
		:
		return
		;;
	"held campaigns":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"held campaigns":--url)
		COMPREPLY=()
		:
		return
		;;
	"held campaigns":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"held campaigns":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"held approve":--campaign)
		COMPREPLY=()
		:
		return
		;;
	"held approve":--query)
		COMPREPLY=()
		:
		return
		;;
	"held approve":--yes-all)
		COMPREPLY=()
		:
		return
		;;
	"held approve":--comment)
		COMPREPLY=()
		:
		return
		;;
	"held approve":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"held approve":--url)
		COMPREPLY=()
		:
		return
		;;
	"held approve":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"held approve":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"held reject":--campaign)
		COMPREPLY=()
		:
		return
		;;
	"held reject":--query)
		COMPREPLY=()
		:
		return
		;;
	"held reject":--yes-all)
		COMPREPLY=()
		:
		return
		;;
	"held reject":--comment)
		COMPREPLY=()
		:
		return
		;;
	"held reject":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"held reject":--url)
		COMPREPLY=()
		:
		return
		;;
	"held reject":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"held reject":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"report":--from)
		COMPREPLY=()
		:
		return
		;;
	"report":--to)
		COMPREPLY=()
		:
		return
		;;
	"report":--tenant)
		COMPREPLY=()
		:
		return
		;;
	"report":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"report":--url)
		COMPREPLY=()
		:
		return
		;;
	"report":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"report":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"export":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"export":--url)
		COMPREPLY=()
		:
		return
		;;
	"export":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"export":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"feedback":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"feedback":--url)
		COMPREPLY=()
		:
		return
		;;
	"feedback":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"feedback":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"feedback give":--is)
		COMPREPLY=()
		:
		return
		;;
	"feedback give":--comment)
		COMPREPLY=()
		:
		return
		;;
	"feedback give":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"feedback give":--url)
		COMPREPLY=()
		:
		return
		;;
	"feedback give":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"feedback give":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"feedback list":--tenant)
		COMPREPLY=()
		:
		return
		;;
	"feedback list":--limit)
		COMPREPLY=()
		:
		return
		;;
	"feedback list":--cursor)
		COMPREPLY=()
		:
		return
		;;
	"feedback list":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"feedback list":--url)
		COMPREPLY=()
		:
		return
		;;
	"feedback list":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"feedback list":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"feedback export":--tenant)
		COMPREPLY=()
		:
		return
		;;
	"feedback export":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"feedback export":--url)
		COMPREPLY=()
		:
		return
		;;
	"feedback export":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"feedback export":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"feedback withdraw":--tenant)
		COMPREPLY=()
		:
		return
		;;
	"feedback withdraw":--comment)
		COMPREPLY=()
		:
		return
		;;
	"feedback withdraw":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"feedback withdraw":--url)
		COMPREPLY=()
		:
		return
		;;
	"feedback withdraw":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"feedback withdraw":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"feedback reset":--tenant)
		COMPREPLY=()
		:
		return
		;;
	"feedback reset":--comment)
		COMPREPLY=()
		:
		return
		;;
	"feedback reset":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"feedback reset":--url)
		COMPREPLY=()
		:
		return
		;;
	"feedback reset":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"feedback reset":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"submission":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"submission":--url)
		COMPREPLY=()
		:
		return
		;;
	"submission":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"submission":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"submission list":--tenant)
		COMPREPLY=()
		:
		return
		;;
	"submission list":--limit)
		COMPREPLY=()
		:
		return
		;;
	"submission list":--cursor)
		COMPREPLY=()
		:
		return
		;;
	"submission list":--since)
		COMPREPLY=()
		:
		return
		;;
	"submission list":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"submission list":--url)
		COMPREPLY=()
		:
		return
		;;
	"submission list":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"submission list":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"submission show":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"submission show":--url)
		COMPREPLY=()
		:
		return
		;;
	"submission show":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"submission show":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"submission accept":--is)
		COMPREPLY=()
		:
		return
		;;
	"submission accept":--to)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -W "junk trash soft_delete hard_delete" -- "$word")
		return
		;;
	"submission accept":--comment)
		COMPREPLY=()
		:
		return
		;;
	"submission accept":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"submission accept":--url)
		COMPREPLY=()
		:
		return
		;;
	"submission accept":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"submission accept":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"submission dismiss":--comment)
		COMPREPLY=()
		:
		return
		;;
	"submission dismiss":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"submission dismiss":--url)
		COMPREPLY=()
		:
		return
		;;
	"submission dismiss":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"submission dismiss":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"submission export":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"submission export":--url)
		COMPREPLY=()
		:
		return
		;;
	"submission export":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"submission export":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"submit":--tenant)
		COMPREPLY=()
		:
		return
		;;
	"submit":--is)
		COMPREPLY=()
		:
		return
		;;
	"submit":--comment)
		COMPREPLY=()
		:
		return
		;;
	"submit":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"submit":--url)
		COMPREPLY=()
		:
		return
		;;
	"submit":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"submit":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"policy":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"policy":--url)
		COMPREPLY=()
		:
		return
		;;
	"policy":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"policy":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"policy list":--tenant)
		COMPREPLY=()
		:
		return
		;;
	"policy list":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"policy list":--url)
		COMPREPLY=()
		:
		return
		;;
	"policy list":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"policy list":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"policy add":--tenant)
		COMPREPLY=()
		:
		return
		;;
	"policy add":--field)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -W "any subject body" -- "$word")
		return
		;;
	"policy add":--note)
		COMPREPLY=()
		:
		return
		;;
	"policy add":--expires)
		COMPREPLY=()
		:
		return
		;;
	"policy add":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"policy add":--url)
		COMPREPLY=()
		:
		return
		;;
	"policy add":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"policy add":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"policy remove":--tenant)
		COMPREPLY=()
		:
		return
		;;
	"policy remove":--comment)
		COMPREPLY=()
		:
		return
		;;
	"policy remove":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"policy remove":--url)
		COMPREPLY=()
		:
		return
		;;
	"policy remove":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"policy remove":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"policy test":--tenant)
		COMPREPLY=()
		:
		return
		;;
	"policy test":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"policy test":--url)
		COMPREPLY=()
		:
		return
		;;
	"policy test":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"policy test":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"policy import":--tenant)
		COMPREPLY=()
		:
		return
		;;
	"policy import":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"policy import":--url)
		COMPREPLY=()
		:
		return
		;;
	"policy import":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"policy import":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"policy export":--tenant)
		COMPREPLY=()
		:
		return
		;;
	"policy export":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"policy export":--url)
		COMPREPLY=()
		:
		return
		;;
	"policy export":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"policy export":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"intel":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"intel":--url)
		COMPREPLY=()
		:
		return
		;;
	"intel":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"intel":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"intel list":--tenant)
		COMPREPLY=()
		:
		return
		;;
	"intel list":--limit)
		COMPREPLY=()
		:
		return
		;;
	"intel list":--cursor)
		COMPREPLY=()
		:
		return
		;;
	"intel list":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"intel list":--url)
		COMPREPLY=()
		:
		return
		;;
	"intel list":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"intel list":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"intel add":--tenant)
		COMPREPLY=()
		:
		return
		;;
	"intel add":--kind)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -W "url domain ip sha256 email" -- "$word")
		return
		;;
	"intel add":--disposition)
		COMPREPLY=()
		:
		return
		;;
	"intel add":--for)
		COMPREPLY=()
		:
		return
		;;
	"intel add":--note)
		COMPREPLY=()
		:
		return
		;;
	"intel add":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"intel add":--url)
		COMPREPLY=()
		:
		return
		;;
	"intel add":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"intel add":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"intel explain":--tenant)
		COMPREPLY=()
		:
		return
		;;
	"intel explain":--kind)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -W "url domain ip sha256 email" -- "$word")
		return
		;;
	"intel explain":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"intel explain":--url)
		COMPREPLY=()
		:
		return
		;;
	"intel explain":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"intel explain":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"intel import":--tenant)
		COMPREPLY=()
		:
		return
		;;
	"intel import":--format)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -W "text csv misp stix" -- "$word")
		return
		;;
	"intel import":--kind)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -W "url domain ip sha256 email" -- "$word")
		return
		;;
	"intel import":--column)
		COMPREPLY=()
		:
		return
		;;
	"intel import":--disposition)
		COMPREPLY=()
		:
		return
		;;
	"intel import":--for)
		COMPREPLY=()
		:
		return
		;;
	"intel import":--note)
		COMPREPLY=()
		:
		return
		;;
	"intel import":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"intel import":--url)
		COMPREPLY=()
		:
		return
		;;
	"intel import":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"intel import":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"intel approve":--tenant)
		COMPREPLY=()
		:
		return
		;;
	"intel approve":--feed)
		COMPREPLY=()
		:
		return
		;;
	"intel approve":--comment)
		COMPREPLY=()
		:
		return
		;;
	"intel approve":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"intel approve":--url)
		COMPREPLY=()
		:
		return
		;;
	"intel approve":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"intel approve":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"intel feeds":--limit)
		COMPREPLY=()
		:
		return
		;;
	"intel feeds":--cursor)
		COMPREPLY=()
		:
		return
		;;
	"intel feeds":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"intel feeds":--url)
		COMPREPLY=()
		:
		return
		;;
	"intel feeds":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"intel feeds":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"intel update":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"intel update":--url)
		COMPREPLY=()
		:
		return
		;;
	"intel update":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"intel update":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"intel remove":--tenant)
		COMPREPLY=()
		:
		return
		;;
	"intel remove":--comment)
		COMPREPLY=()
		:
		return
		;;
	"intel remove":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"intel remove":--url)
		COMPREPLY=()
		:
		return
		;;
	"intel remove":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"intel remove":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"rescan":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"rescan":--url)
		COMPREPLY=()
		:
		return
		;;
	"rescan":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"rescan":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"rescan start":--tenant)
		COMPREPLY=()
		:
		return
		;;
	"rescan start":--comment)
		COMPREPLY=()
		:
		return
		;;
	"rescan start":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"rescan start":--url)
		COMPREPLY=()
		:
		return
		;;
	"rescan start":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"rescan start":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"rescan list":--limit)
		COMPREPLY=()
		:
		return
		;;
	"rescan list":--cursor)
		COMPREPLY=()
		:
		return
		;;
	"rescan list":--tenant)
		COMPREPLY=()
		:
		return
		;;
	"rescan list":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"rescan list":--url)
		COMPREPLY=()
		:
		return
		;;
	"rescan list":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"rescan list":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"rescan show":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"rescan show":--url)
		COMPREPLY=()
		:
		return
		;;
	"rescan show":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"rescan show":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"rescan follow":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"rescan follow":--url)
		COMPREPLY=()
		:
		return
		;;
	"rescan follow":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"rescan follow":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"rescan approve":--comment)
		COMPREPLY=()
		:
		return
		;;
	"rescan approve":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"rescan approve":--url)
		COMPREPLY=()
		:
		return
		;;
	"rescan approve":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"rescan approve":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"rescan pause":--comment)
		COMPREPLY=()
		:
		return
		;;
	"rescan pause":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"rescan pause":--url)
		COMPREPLY=()
		:
		return
		;;
	"rescan pause":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"rescan pause":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"rescan resume":--comment)
		COMPREPLY=()
		:
		return
		;;
	"rescan resume":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"rescan resume":--url)
		COMPREPLY=()
		:
		return
		;;
	"rescan resume":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"rescan resume":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"rescan cancel":--comment)
		COMPREPLY=()
		:
		return
		;;
	"rescan cancel":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"rescan cancel":--url)
		COMPREPLY=()
		:
		return
		;;
	"rescan cancel":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"rescan cancel":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"rules":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"rules":--url)
		COMPREPLY=()
		:
		return
		;;
	"rules":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"rules":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"rules list":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"rules list":--url)
		COMPREPLY=()
		:
		return
		;;
	"rules list":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"rules list":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"rules test":--config | "rules test":-c)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"rules test":--tenant)
		COMPREPLY=()
		:
		return
		;;
	"rules test":--rules)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"rules test":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"rules test":--url)
		COMPREPLY=()
		:
		return
		;;
	"rules test":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"rules test":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"rules backtest":--since)
		COMPREPLY=()
		:
		return
		;;
	"rules backtest":--rules)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"rules backtest":--rule)
		COMPREPLY=()
		:
		return
		;;
	"rules backtest":--tenant)
		COMPREPLY=()
		:
		return
		;;
	"rules backtest":--limit)
		COMPREPLY=()
		:
		return
		;;
	"rules backtest":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"rules backtest":--url)
		COMPREPLY=()
		:
		return
		;;
	"rules backtest":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"rules backtest":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"audit":--limit)
		COMPREPLY=()
		:
		return
		;;
	"audit":--cursor)
		COMPREPLY=()
		:
		return
		;;
	"audit":--since)
		COMPREPLY=()
		:
		return
		;;
	"audit":--query)
		COMPREPLY=()
		:
		return
		;;
	"audit":--object)
		COMPREPLY=()
		:
		return
		;;
	"audit":--who)
		COMPREPLY=()
		:
		return
		;;
	"audit":--what)
		COMPREPLY=()
		:
		return
		;;
	"audit":--tenant)
		COMPREPLY=()
		:
		return
		;;
	"audit":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"audit":--url)
		COMPREPLY=()
		:
		return
		;;
	"audit":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"audit":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"unwrap":--report)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"unwrap":--original)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"unwrap":--decrypted)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"unwrap":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"unwrap":--url)
		COMPREPLY=()
		:
		return
		;;
	"unwrap":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"unwrap":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"score":--config | "score":-c)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"score":--tenant)
		COMPREPLY=()
		:
		return
		;;
	"score":--workers)
		COMPREPLY=()
		:
		return
		;;
	"score":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"score":--url)
		COMPREPLY=()
		:
		return
		;;
	"score":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"score":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"demo":--reports)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"demo":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"demo":--url)
		COMPREPLY=()
		:
		return
		;;
	"demo":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"demo":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"graphsim":--listen)
		COMPREPLY=()
		:
		return
		;;
	"graphsim":--ca-file)
		COMPREPLY=()
		:
		return
		;;
	"graphsim":--seed)
		COMPREPLY=()
		:
		return
		;;
	"graphsim":--users)
		COMPREPLY=()
		:
		return
		;;
	"graphsim":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"graphsim":--url)
		COMPREPLY=()
		:
		return
		;;
	"graphsim":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"graphsim":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"completion":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"completion":--url)
		COMPREPLY=()
		:
		return
		;;
	"completion":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"completion":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"manual":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"manual":--url)
		COMPREPLY=()
		:
		return
		;;
	"manual":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"manual":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"version":--socket)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"version":--url)
		COMPREPLY=()
		:
		return
		;;
	"version":--token-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	"version":--url-ca-file)
		COMPREPLY=()
		mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null
		return
		;;
	esac
	case $path in
	"")
		commands="serve init check status queue bounce address connect setup token console alert backup restore-backup store search show retract restore job preview held report export feedback submission submit policy intel rescan rules audit unwrap score demo graphsim completion manual version" flags="--help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"serve")
		commands="" flags="--config --help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"init")
		commands="" flags="--config --hostname --tenant-id --domain --alternate-mailbox --email --name --originator-org --client-id --certificate-file --key-file --help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"check")
		commands="" flags="--config --online --mailbox --help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"status")
		commands="" flags="--watch --check --help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"queue")
		commands="list show retry export discard" flags="--help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"queue list")
		commands="" flags="--state --all --since --limit --cursor --help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"queue show")
		commands="" flags="--help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"queue retry")
		commands="" flags="--trust --comment --help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"queue export")
		commands="" flags="--help --socket --url --token-file --url-ca-file --json" words="" files=yes
		;;
	"queue discard")
		commands="" flags="--tenant --purpose --network --unlisted --cause --from --peers --older-than --comment --yes --yes-delete --help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"bounce")
		commands="list show retry export" flags="--help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"bounce list")
		commands="" flags="--state --since --limit --cursor --help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"bounce show")
		commands="" flags="--help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"bounce retry")
		commands="" flags="--help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"bounce export")
		commands="" flags="--help --socket --url --token-file --url-ca-file --json" words="" files=yes
		;;
	"address")
		commands="new list retire" flags="--help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"address new")
		commands="" flags="--config --tenant --domain --local --regions --help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"address list")
		commands="" flags="--help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"address retire")
		commands="" flags="--comment --help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"connect")
		commands="" flags="--config --paste --verify --timeout --help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"setup")
		commands="exchange" flags="--help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"setup exchange")
		commands="" flags="--config --markdown --help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"token")
		commands="create list revoke" flags="--help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"token create")
		commands="" flags="--role --tenant --every-tenant --bodies --owner --expires --file --help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"token list")
		commands="" flags="--tenant --all --help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"token revoke")
		commands="" flags="--comment --help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"console")
		commands="link" flags="--help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"console link")
		commands="" flags="--role --tenant --no-bodies --account --help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"alert")
		commands="list test deliveries" flags="--help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"alert list")
		commands="" flags="--limit --cursor --help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"alert test")
		commands="" flags="--help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"alert deliveries")
		commands="" flags="--limit --cursor --help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"backup")
		commands="" flags="--recipient --help --socket --url --token-file --url-ca-file --json" words="" files=yes
		;;
	"restore-backup")
		commands="" flags="--config --identity --help --socket --url --token-file --url-ca-file --json" words="" files=yes
		;;
	"store")
		commands="reindex check forget-old" flags="--help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"store reindex")
		commands="" flags="--status --detach --help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"store check")
		commands="" flags="--config --help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"store forget-old")
		commands="" flags="--config --help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"search")
		commands="" flags="--tenant --sender --recipient --subject --disposition --since --proof --count --csv --limit --cursor --help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"show")
		commands="" flags="--raw --text --incident --csv --variant --output --terminal --limit --cursor --help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"retract")
		commands="" flags="--query --sender --recipient --subject --disposition --proof --since --tenant --ids-from --yes --detach --to --yes-delete --comment --help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"restore")
		commands="" flags="--query --sender --recipient --subject --disposition --proof --since --tenant --ids-from --yes --detach --yes-restore --comment --help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"job")
		commands="list show follow pause resume cancel" flags="--help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"job list")
		commands="" flags="--limit --cursor --help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"job show")
		commands="" flags="--help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"job follow")
		commands="" flags="--help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"job pause")
		commands="" flags="--comment --help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"job resume")
		commands="" flags="--comment --help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"job cancel")
		commands="" flags="--comment --help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"preview")
		commands="" flags="--limit --cursor --query --since --each --actions --help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"held")
		commands="list campaigns approve reject" flags="--help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"held list")
		commands="" flags="--limit --cursor --query --since --each --help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"held campaigns")
		commands="" flags="--limit --cursor --help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"held approve")
		commands="" flags="--campaign --query --yes --yes-all --comment --help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"held reject")
		commands="" flags="--campaign --query --yes --yes-all --comment --help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"report")
		commands="" flags="--from --to --tenant --csv --help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"export")
		commands="" flags="--help --socket --url --token-file --url-ca-file --json" words="" files=yes
		;;
	"feedback")
		commands="give list export withdraw reset" flags="--help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"feedback give")
		commands="" flags="--is --comment --help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"feedback list")
		commands="" flags="--tenant --limit --cursor --help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"feedback export")
		commands="" flags="--tenant --help --socket --url --token-file --url-ca-file --json" words="" files=yes
		;;
	"feedback withdraw")
		commands="" flags="--tenant --comment --help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"feedback reset")
		commands="" flags="--tenant --yes --comment --help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"submission")
		commands="list show accept dismiss export" flags="--help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"submission list")
		commands="" flags="--tenant --limit --cursor --all --since --help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"submission show")
		commands="" flags="--help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"submission accept")
		commands="" flags="--is --to --comment --help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"submission dismiss")
		commands="" flags="--comment --help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"submission export")
		commands="" flags="--help --socket --url --token-file --url-ca-file --json" words="" files=yes
		;;
	"submit")
		commands="" flags="--tenant --is --comment --help --socket --url --token-file --url-ca-file --json" words="" files=yes
		;;
	"policy")
		commands="list add remove test import export" flags="--help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"policy list")
		commands="" flags="--tenant --help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"policy add")
		commands="" flags="--tenant --field --verify --note --expires --help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"policy remove")
		commands="" flags="--tenant --comment --help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"policy test")
		commands="" flags="--tenant --help --socket --url --token-file --url-ca-file --json" words="" files=yes
		;;
	"policy import")
		commands="" flags="--tenant --check --help --socket --url --token-file --url-ca-file --json" words="" files=yes
		;;
	"policy export")
		commands="" flags="--tenant --all --help --socket --url --token-file --url-ca-file --json" words="" files=yes
		;;
	"intel")
		commands="list add explain import approve feeds update remove" flags="--help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"intel list")
		commands="" flags="--tenant --limit --cursor --help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"intel add")
		commands="" flags="--tenant --kind --disposition --for --note --help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"intel explain")
		commands="" flags="--tenant --kind --help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"intel import")
		commands="" flags="--tenant --format --kind --column --disposition --for --note --dry-run --help --socket --url --token-file --url-ca-file --json" words="" files=yes
		;;
	"intel approve")
		commands="" flags="--tenant --feed --comment --help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"intel feeds")
		commands="" flags="--limit --cursor --help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"intel update")
		commands="" flags="--accept --help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"intel remove")
		commands="" flags="--tenant --comment --help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"rescan")
		commands="start list show follow approve pause resume cancel" flags="--help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"rescan start")
		commands="" flags="--tenant --dry-run --comment --detach --help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"rescan list")
		commands="" flags="--limit --cursor --tenant --help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"rescan show")
		commands="" flags="--help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"rescan follow")
		commands="" flags="--help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"rescan approve")
		commands="" flags="--comment --detach --help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"rescan pause")
		commands="" flags="--comment --help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"rescan resume")
		commands="" flags="--comment --help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"rescan cancel")
		commands="" flags="--comment --help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"rules")
		commands="list test backtest" flags="--help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"rules list")
		commands="" flags="--help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"rules test")
		commands="" flags="--config --tenant --trust-microsoft --rules --help --socket --url --token-file --url-ca-file --json" words="" files=yes
		;;
	"rules backtest")
		commands="" flags="--since --rules --rule --tenant --limit --help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"audit")
		commands="" flags="--limit --cursor --since --query --object --who --what --tenant --help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"unwrap")
		commands="" flags="--report --original --decrypted --help --socket --url --token-file --url-ca-file --json" words="" files=yes
		;;
	"score")
		commands="" flags="--config --tenant --trust-microsoft --workers --summary --help --socket --url --token-file --url-ca-file --json" words="" files=yes
		;;
	"demo")
		commands="" flags="--reports --keep --help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"graphsim")
		commands="" flags="--listen --ca-file --seed --calm --users --help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	"completion")
		commands="" flags="--help --socket --url --token-file --url-ca-file --json" words="bash zsh fish" files=
		;;
	"manual")
		commands="" flags="--help --socket --url --token-file --url-ca-file --json" words="" files=yes
		;;
	"version")
		commands="" flags="--help --socket --url --token-file --url-ca-file --json" words="" files=
		;;
	esac
	COMPREPLY=()
	if [[ $word == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$flags" -- "$word")
	elif [ -n "$commands$words" ]; then
		mapfile -t COMPREPLY < <(compgen -W "$commands $words" -- "$word")
	elif [ -n "$files" ]; then
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
		compopt -o filenames 2>/dev/null
	fi
}
complete -F _clawback clawback
