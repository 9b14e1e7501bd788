# Uploads a file with curl over HTTP/2, each time on a new connection, and prints what came back, a
# line for each upload: bash curl.sh URL FILE CERTIFICATE COUNT SECONDS
http2=--http2
case $1 in http:*) http2=--http2-prior-knowledge ;; esac
for ((i = 0; i < $4; i++)); do
    if body=$(curl -q --noproxy '*' -L -sS --max-time "$5" "$http2" --cacert "$3" \
        --data-binary "@$2" -w ' %{http_code}' "$1" 2>&1); then
        echo "${body##* } ${body% *}"
    else
        echo "lost $body" | tr '\n' ' '; echo
    fi
done
