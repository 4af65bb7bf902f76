"""What exports call their columns besides the names that events have: by parts, in many languages.

Only where :data:`recsys.data.fields.EVENT` knows no column of a meaning.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from itertools import product

from recsys.data.fields import CLOCKS, EVENT, plain

_PEOPLE = (
    "customer client user buyer member guest patron player listener reader learner student"
    " shopper subscriber viewer visitor household cust purchaser kunden kunde kund kunda klant"
    " klanten cliente clienti klient klienta zakaznik zakaznika musteri asiakas comprador"
    " acheteur kupujacy"
)  # fmt: skip
_THINGS = (
    "product item article track song episode movie film book course lesson video game hotel"
    " recipe listing menuitem good prod artikel produkt produktu produit"
    " producto produto prodotto articulo artigo articolo urun tuote vara vare oferty towaru"
)  # fmt: skip
_ORDERS = (
    "order invoice transaction receipt basket booking purchase salesorder bill document check"
    " bestell bestelling auftrags rechnungs bon commande facture pedido factura venta venda ordine"
    " zamowienia objednavky siparis tilaus fatura trans"
)  # fmt: skip
_IDS = "id no nr number num code key uuid nummer numero numer kod cislo numarasi ref reference"
_LINES = " item lineitem lineitems line orderitem orderline product unit"
_DONE = (
    "created add added ordered placed orderplaced purchased booked started played watched viewed"
    " read enrolled listened billed sold rated occurred recorded logged checkedout checkout bought"
    " posting"
)  # fmt: skip
_DEEDS = (
    "order purchase transaction sale sales invoice booking event checkout payment bill trans shop"
)
_STATED = (
    "order payment financial fulfillment fulfilment delivery line item lineitem transaction booking"
    " current invoice sale sales purchase shipment shipping auftrags bestell zahlungs liefer"
    " commande pedido order_reference"
)  # fmt: skip
_STATES = "status state statut estado stato stan stav durum durumu statusname ステータス"


def _joined(*parts: str) -> tuple[str, ...]:
    """Return every way of one word of each part behind the other; a leading blank is no word."""
    return tuple(plain("".join(words)) for words in product(*(part.split(" ") for part in parts)))


_SPELLINGS: Mapping[str, Sequence[str]] = {
    "user": (
        *_joined(_PEOPLE, _IDS), *_joined("id codigo numero nr numer n", _PEOPLE), "username",
        "selltocustomerno", "comprador", "acheteur", "kupujacy", "accountcode", "accountname",
        "loginkupujacego", "nickname", "uid",
        "会員番号", "会員id", "顧客id", "顧客番号", "customer",
    ),
    "email": (
        *_joined(_PEOPLE + " purchase contact billing account", "email emailaddress mail"), "mail",
        "emailkupujacego", "correo", "correoelectronico", "courriel", "adressemail", "eposta",
        "メールアドレス", "注文者メールアドレス",
    ),
    "item": (
        *_joined(_THINGS, _IDS + " sku ean isbn"), *_joined("id codigo numero nr numer", _THINGS),
        *_joined(
            " lineitems lineitem line orderitem orderline", "productnumber productid itemid sku"
        ),
        "lineitementityid", "productinternalreference", "planid", "plancode", "contentid",
        "depublicacion", "spotifytrackuri", "trackuri", "material", "materialnumber", "matnr",
        "ean", "gtin", "upc", "barcode", "isbn", "商品id", "商品番号", "商品コード", "商品管理番号",
    ),
    "at": (
        *_joined(_DEEDS, "date datetime timestamp dt ts at on dateutc"),
        *_joined("date", f"{_DONE} {_DEEDS}"), *_joined(_DONE, "at on date time"), "ts",
        "bestelldatum", "kaufdatum", "rechnungsdatum",
        "auftragsdatum", "belegdatum", "datum", "erstelltam", "datecommande", "datedecommande",
        "dateachat", "datedachat", "fecha", "fechapedido", "fechadepedido", "fechaventa",
        "fechadeventa",
        "fechacompra", "fechadecompra", "data", "datapedido", "datadopedido", "datavenda",
        "datadavenda", "datadacompra", "dataordine", "datazakupu", "datazamowienia",
        "datumobjednavky", "orderdatum", "besteldatum", "siparistarihi", "tarih",
        "注文日", "注文日時", "購入日", "日付", "日時",
    ),
    "of_order": (
        "referencetxnid", "returnagainst", "linkedorder", "creditedinvoice",
        *_joined("original parent refunded returned source", "orderid ordernumber orderno"
                 " transactionid invoice invoiceid invoiceno invoicenumber"),
    ),
    "kind": (
        *_joined("action interaction behavior behaviour activity event", " type name action"),
        "transactiontype",
    ),
    "quantity": (
        *_joined(_LINES, "quantity qty units pieces pcs"),
        *_joined("quantity qty units pieces", "sold ordered purchased"),
        *_joined("sold sales sale ordered order purchase stock", "quantity qty units"),
        "menge", "anzahl", "stuck", "stuckzahl", "quantite", "qte", "cantidad", "unidades",
        "quantidade", "qtd", "quantita", "aantal", "ilosc", "liczbasztuk", "sztuk", "mnozstvi",
        "pocet", "adet", "miktar", "antal", "maara", "数量", "個数", "件数",
    ),
    "price": (
        *_joined(_LINES, "price unitprice priceperunit unitamount priceamount pricegross pricenet"),
        *_joined("sale selling sales", "price"), "priceperunit", "priceperitem", "unitpriceexclvat",
        "unitpricetaxincl", "unitpriceinclvat", "unitnetprice", "unitgrossprice",
        "preis", "einzelpreis", "stuckpreis", "vkbrutto", "prix", "prixunitaire", "precio",
        "preciounitario", "preco", "precounitario", "valorunitario", "prezzo", "prezzounitario",
        "prijs", "stukprijs", "cena", "cenajednostkowa", "jednotkovacena", "fiyat", "birimfiyat",
        "pris", "styckpris", "hinta", "単価", "価格", "preciounitariodeventadelapublicacion",
    ),
    "total": (
        *_joined("item lineitem lineitems line orderitem orderline product",
                 "total amount subtotal totalprice totalamount revenue sales amountexclvat"),
        *_joined("sales total net paid gross", "amount revenue"), "netsales", "grosssales", "sales",
        "totalprice", "gross", "totalpricetaxincl", "extendedprice", "spend", "turnover", "gmv",
        "amountpaid", "actualamountpaid", "subtotal", "umsatz", "gesamtpreis", "gesamtbetrag",
        "betrag", "summe", "montant", "montanttotal", "prixtotal", "importe", "importetotal",
        "valortotal", "importo", "totale",
        "bedrag", "kwota", "wartosc", "castka", "tutar", "toplam", "belopp", "summa",
        "金額", "合計",
    ),
    "order": (
        *_joined(_ORDERS, _IDS), *_joined("id codigo numero nr n numerode", _ORDERS),
        "orderreference", "pedido", "commande", "注文番号", "注文id",
    ),
    "units_back": (
        *_joined("returned refunded cancelled canceled return refund cancel", "quantity qty units"),
        *_joined(
            "quantity qty units itemquantity productquantity",
            "returned refunded cancelled canceled",
        ),
    ),
    "refunded": (
        *_joined("refund refunded partialrefund returned", "amount total"), "totalrefund",
        "partialrefund", "amountreturned",
    ),
    "currency": (
        *_joined(" price order sale sales transaction presentment iso base invoice payment",
                 "currency currencycode currencyiso currencysymbol"),
        "wahrung", "wahrungscode", "devise", "monnaie", "moneda", "moeda", "valuta", "waluta",
        "mena", "parabirimi", "waerk", "通貨",
    ),
    "state": (
        *_joined(_STATED, _STATES), *_STATES.split(), *_joined("status state", " name text label"),
        "orderstatusname", "orderreferencestatus", "statuszamowienia", "statusplatnosci",
        "estadodelpedido", "statusdopedido", "statutcommande", "stavobjednavky", "siparisdurumu",
        "注文ステータス",
    ),
    "cancelled_at": (
        "fullyrefunded", *_joined(" is was", "cancelled canceled refunded returned voided void"),
        *_joined("date", "cancelled canceled refunded voided"),
        *_joined(
            "cancelled canceled refunded voided cancel cancellation void refund",
            "at date on flag time",
        ),
        *_joined("is", "refund return"),
        *_joined(" is", "storniert anulado annule annulliert geannuleerd"),
        "deleted", "isdeleted",
    ),
    "title": (
        "producttitle", "itemtitle", "lineitemslabel", "artikelname", "artikelbezeichnung",
        "bezeichnung", "nazwaoferty", "nazwaproduktu", "designation", "urunadi", "商品名",
    ),
}  # fmt: skip

NAMES_OF_PEOPLE = frozenset({"customer", "username", "accountname", "comprador", "acheteur"})
"""Columns that may hold what somebody is called, as several are: no ids beside an address."""

_PLAIN = frozenset({"call", "context", "traits", "products", "previous", "proof"})
ONLY_CLOCKS = frozenset(map(plain, (*CLOCKS, "time")))
"""Columns of these names say the time of a day that another column names."""

_REMARK = re.compile(
    r"\s*[(\[](?:[A-Za-z]{3}|\W|[A-Z]{1,3}\$|UTC|GMT|[A-Za-z_]+/[A-Za-z_]+|local)[)\]]\s*"
)
_UNIT = re.compile(
    r"(?<=[a-z])[\s_.-]+(?:usd|eur|gbp|pln|brl|inr|jpy|try|sek|czk|chf|cad|aud)$", re.IGNORECASE
)
_HOLDERS = re.compile(
    r"^(?:orders?|order reference|line_?items?|items?|data|event|payload|fields|record|attributes)"
    r"\s*[/.:]\s*(?=\w)",
    re.IGNORECASE,
)
_LETTERS = str.maketrans("łıßøđæ", "lisoda")
_PLACES = {
    name: (meaning, rank)
    for meaning, names in reversed([*_SPELLINGS.items()])
    for rank, name in reversed([*enumerate(names)])
}


def further(header: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return columns by meaning, as such spellings have them, the one that wins first."""
    found: dict[str, list[tuple[int, str]]] = {}
    for column in header:
        place = next(filter(None, map(_place, _ways(column))), None)
        if place is not None:
            found.setdefault(place[0], []).append((place[1], column))
    return {
        meaning: tuple(column for _, column in sorted(columns, key=lambda one: one[0]))
        for meaning, columns in found.items()
    }


def _ways(column: str) -> Iterator[str]:
    """Yield the spellings of a column: as it is, without a remark, without what holds it."""
    bare = _UNIT.sub("", _REMARK.sub("", column))
    yield folded(bare)
    while (inner := _HOLDERS.sub("", bare)) != bare:
        bare = inner
        yield folded(bare)


def folded(name: str) -> str:
    """Return a name in lower case, letters without marks, nothing between them."""
    apart = unicodedata.normalize("NFKD", name.lower())
    letters = "".join(one for one in apart if not unicodedata.combining(one))
    # Marks of kana are composed again: they make other letters.
    kana = unicodedata.normalize("NFKC", name.lower())
    letters = letters if letters.isascii() or not re.search(r"[\u3040-\u30ff]", kana) else kana
    return re.sub(r"[^\w]|_", "", letters.translate(_LETTERS))


def _place(name: str) -> tuple[str, int] | None:
    if name in _PLACES:
        return _PLACES[name]
    known = EVENT.place(name)
    return None if known is None or known.meaning in _PLAIN else (known.meaning, -1)
