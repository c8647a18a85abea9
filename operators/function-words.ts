/**
 * What languages are told by: for each its most frequent function words, roughly by frequency, and the letters that it has beside a to z.
 * Put together for this from what any grammar lists, out of no corpus. Words are in lower case, and apart where an apostrophe parts them.
 */
const list = (words: string): readonly string[] => words.trim().split(/\s+/);

export interface LanguageWords {
  readonly words: readonly string[];
  /** letters of its own words, in lower case; of a language in Latin letters those beside a to z */
  readonly letters: string;
  /** a to z are no letters of its own */
  readonly foreignLatin?: true;
}

const GREEK = 'αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΐΰ';
const CYRILLIC = 'абвгдежзийклмнопрстуфхцчшщьюя';

/** By ISO 639-1 code. */
export const FUNCTION_WORDS = {
  en: {
    letters: '',
    words: list(`
      the of and to in a is that it for was on as with he be his by at are this have not but from had they which or an she were her
      all their there been one would when who will more no if out so what up can has its about into than them only some could these
      two may then do first any my now such like our over me even most after also did before must through where your how we you i him
      should because each just those very while same us am s t don between during without under however being here why too`),
  },
  de: {
    letters: 'äöüß',
    words: list(`
      der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es an werden aus er hat dass sie nach wird
      bei einer um am sind noch wie einem über einen so zum war haben nur oder aber vor zur bis mehr durch man sein wurde wenn doch
      kann ihre alle schon sehr ich du wir ihr mich mir uns dir was wer wo hier dort dann weil diese dieser dieses diesem diesen keine
      kein muss müssen soll sollte könnte können hatte waren habe seine seinen seiner ihren ihrer ihm ihn eines unter gegen ohne
      zwischen während immer wieder jeder jede etwas nichts da also vom beim bin bist hast`),
  },
  fr: {
    letters: 'àâæçéèêëîïôœùûüÿ',
    words: list(`
      de la le et les des l d en un du une que est dans qui par pour au sur il pas plus ne se ce sont avec s son aux n sa mais comme
      ou qu elle ses été cette c leur tout nous ont deux on fait être même si ces très je vous y sans peut lui entre ainsi aussi bien
      après où dont avait était sont encore leurs depuis tous autres sous cela j m me te tu moi toi mon ma mes ton tes notre nos votre
      vos ils elles avoir avons avez sommes êtes suis ai as a quand donc toute toutes fut pendant avant chez jamais rien peu trop ici
      là alors quel quelle parce ceux celle celui chaque étaient faire doit`),
  },
  es: {
    letters: 'áéíñóúü',
    words: list(`
      de la que el en y a los se del las un por con no una su para es al lo como más o pero sus le ha me si sin sobre este ya entre
      cuando todo esta ser son dos también fue había era muy años hasta desde está mi porque qué sólo han yo hay vez puede todos así
      nos ni parte tiene él uno donde bien ese mismo otra otro ella ellos te tu nosotros usted ustedes les esto eso esa esos esas
      estos estas tan mucho muchos nada algo alguien antes después aquí allí cada quien cual tenía están estaba fueron sido hacer hace
      contra durante mientras aunque entonces nuestro nuestra soy eres somos`),
  },
  it: {
    letters: 'àèéìíîòóùú',
    words: list(`
      di e il la che in a per è un del non le della i con si una da come l dei più nel alla al ha sono gli anche ma lo delle su o dell
      ed se questo dal suo nella sua stato loro essere era ad due hanno tra all ci sul dalla alle questa mi così degli quando
      molto fatto quello solo cui ai sui nei nelle dai dalle perché poi già chi tutti tutto ogni mia mio tuo tua nostro nostra io tu
      lui lei noi voi te me ti vi ne quella questi queste quelli cosa dove come qui fra dopo prima senza sempre mai stata
      può aveva erano sia anno c un sono abbiamo avere ho hai siamo quindi però ancora nell dall sull`),
  },
  pt: {
    letters: 'áâãàçéêíóôõú',
    words: list(`
      de a o que e do da em um para é com não uma os no se na por mais as dos como mas foi ao ele das tem à seu sua ou ser quando
      muito há nos já está eu também só pelo pela até isso ela entre era depois sem mesmo aos ter seus quem nas me esse eles estão
      você tinha foram essa num nem suas meu às minha têm numa pelos elas havia seja qual será nós tenho lhe deles essas esses pelas
      este fosse dele tu te vocês vos lhes meus minhas teu tua nosso nossa nossos nossas dela delas esta estes estas aquele aquela
      isto aquilo estou estamos estava são porque onde aqui ainda todos todo tudo cada outro outra sobre após antes então pode`),
  },
  nl: {
    letters: 'éëïóöü',
    words: list(`
      de van het een en in is dat op te zijn voor met die niet aan er om ook als dan maar bij of uit nog naar hij werd door over ze
      wordt zich heeft hebben meer was tot kan deze had geen al zo wat moet ik je we haar zij wel worden tegen onder hun zou na veel
      waar hem mijn men dit mij toen waren omdat hoe uw u jij wij ons onze jullie hier daar toch iets niets alleen altijd elke
      alle andere zelf tussen tijdens zonder want dus eens heb hebt bent ben kunnen kunt moeten zullen zal wil willen mag steeds
      weer reeds wie welke`),
  },
  sv: {
    letters: 'åäöé',
    words: list(`
      och i att en det som på är av för med till den har de inte om ett han men var jag sig från vi så kan när år hon under också
      efter eller nu sin där vid mot ska skulle kommer ut får finns vara hade alla andra mycket än här då sedan över bara blir upp in
      vad få två vill måste hur mellan mer man dem sina bli blev många något någon inga ingen inget dessa detta denna du ni er
      oss honom henne mig dig min mitt mina din ditt dina sitt vår vårt våra deras hans hennes varje samma utan innan därför eftersom
      medan genom kunde ville skall blivit varit`),
  },
  da: {
    letters: 'æøåé',
    words: list(`
      og i at er en til det af på for med den de som ikke der har et var jeg han om men sig fra vi kan så hun også nu ved efter eller
      hvad skal vil ind blev bliver sin over mod ud når hvor være havde mange meget kun to alle andre under dem op da her end før
      hvis mere noget nogle nogen ingen intet disse dette denne du os jer ham hende mig dig min mit mine din dit dine sit sine
      vores deres hans hendes hver samme uden inden derfor fordi mens gennem kunne ville skulle blevet været bare mellem måtte
      efter siden altid aldrig hvorfor hvordan selv af`),
  },
  nb: {
    letters: 'æøåéòô',
    words: list(`
      og i det er på til som en å for av at med de han den ikke har jeg om et men var seg fra vi kan så hun også nå etter eller
      hva skal vil inn ble blir sin over mot ut når hvor være hadde mange mye bare to alle andre under dem opp da her enn før
      hvis mer noe noen ingen disse dette denne du dere oss ham henne meg deg min mitt mine din ditt dine sitt sine
      vår våre deres hans hennes hver samme uten innen derfor fordi mens gjennom kunne ville skulle blitt vært mellom måtte
      siden alltid aldri hvorfor hvordan selv`),
  },
  fi: {
    letters: 'äöåšž',
    words: list(`
      ja on ei että se oli hän mutta ovat kun myös niin kuin tai joka ne jos mitä sen hänen vain ole en sitä siitä jo vielä olla nyt
      sekä minä sinä me te he tämä tuo nämä nuo hyvin kanssa ennen jälkeen aikana mukaan jotka jonka jota jossa joita mikä kuka missä
      koska vaikka sitten siellä täällä tässä siinä kaikki kaikkien mukaan ollut olivat olisi voi voivat pitää tulee heidän
      minun sinun meidän teidän itse toinen toisen ilman kautta välillä yli alla päällä eikä eivät emme ettei joko tätä tämän
      tähän niitä niiden jokainen jokaisella kukaan mitään joku jotain noin aina koskaan kuitenkin siis sillä`),
  },
  pl: {
    letters: 'ąćęłńóśźż',
    words: list(`
      w i na z się do nie to jest że o jak za po od przez dla a co ale są tego jego tak tym już oraz ze był może czy być go przed
      pod ma które który która lub także jej bardzo tylko ich jako było była byli gdy będzie można nich jeszcze kiedy ja ty my wy
      oni on ona ono mnie mu mi nam wam ci cię nas was im te ta ten tej tych swoje swoją swój swojej między podczas bez przy
      nad więc jednak ponieważ dlatego aby żeby gdzie tu tam każdy każda wszystkie wszyscy wszystko nic coś ktoś nikt nigdy zawsze
      jestem jesteś mam mają nawet niż też bo kto jaki u`),
  },
  cs: {
    letters: 'áčďéěíňóřšťúůýž',
    words: list(`
      a v se na je že o s z do i to ve pro za by ale si po jako podle od jsem tak jsou které který která bylo byl byla být
      jeho její jejich k ke už nebo co jen při až aby když před jak má není ne ze více ještě však mezi tento tato toto této tohoto
      kde kdo proto protože pokud než také bez nad pod ho mu mi mě tě vás nás nám vám oni on ona ono já ty my vy jej
      ji jim svůj svou své svého každý všechny všichni všechno nic něco někdo nikdo nikdy vždy tam tu tady bude budou byli mají
      mám máš jsme jste jsi může mohou musí velmi proti během ani ten ta ti tím tom`),
  },
  ro: {
    letters: 'ăâîșțşţ',
    words: list(`
      de și în a la cu pe să nu o un care din că este pentru mai se ce au lui prin sau dar ca după sunt fi al ale ai fost era
      dintre această acest aceste acestui între până când fără sub spre dacă foarte doar numai tot toate toți orice oricare niciun
      nimic ceva cineva nimeni niciodată mereu aici acolo unde cum cine eu tu el ea noi voi ei ele mă te îl îi le ne vă lor său sa
      săi sale meu mea mei mele tău ta nostru noastră unei unui unor cel cea cei cele am ai are avem aveți avea poate trebuie
      ci nici iar însă deci astfel pot va vor fie`),
  },
  hu: {
    letters: 'áéíóöőúüű',
    words: list(`
      a az és nem hogy is egy ez volt meg csak de van már ha mint el ki még sem vagy mert azt ezt be fel le itt ott
      úgy így én te ő mi ti ők lehet kell lesz vannak voltak között után előtt alatt mellett szerint nélkül által
      minden mindenki mindenkinek semmi senki soha mindig valaki valami nagyon több sok aki ami amely amelyek akik akit amit
      ahol amikor míg mivel pedig azonban ezért tehát sőt akkor most ma ennek annak ezek azok ebben abban erre arra ezzel azzal
      neki nekem neked nekünk nekik magát saját ne legyen volna lenne való illetve se`),
  },
  tr: {
    letters: 'çğıöşüâî',
    words: list(`
      ve bir bu da de için ile çok daha olarak gibi o kadar sonra en ne var olan her ama değil ya ki mi mı mu mü diye ise
      kendi ben sen biz siz onlar onun bunun benim senin bizim onu bunu beni seni bizi ona buna bana sana bize onlara şu
      şey hiç hiçbir bütün tüm bazı önce göre karşı doğru üzere rağmen arasında içinde üzerinde altında veya yahut fakat
      ancak çünkü eğer nasıl neden nerede zaman oldu olduğu olur oldukça olmak olsun etmek eder edilir vardır dır dir tarafından yalnız sadece herkes kimse
      şimdi artık hep yok değildir`),
  },
  el: {
    letters: GREEK,
    foreignLatin: true,
    words: list(`
      και το να του η της με που την από για είναι τα οι ο στο τον των θα σε δεν τους στην μια τη ένα στη ότι ή αλλά τις κατά ως μας
      έχει στον αυτό μετά πως όπως κάθε πολύ αν μου σας αυτή ήταν στα όταν πριν μόνο μπορεί υπάρχει εγώ εσύ εμείς εσείς αυτός αυτοί
      αυτά στις στους ενός μιας έναν χωρίς προς μέχρι όλα όλοι όλες όλη τίποτα κάτι κάποιος κανείς ποτέ πάντα εδώ εκεί πού γιατί έχουν
      είχε είχαν ούτε επίσης μεταξύ μαζί όμως λοιπόν μη μην πρέπει πιο τότε`),
  },
  ru: {
    letters: CYRILLIC + 'ёъыэ',
    foreignLatin: true,
    words: list(`
      и в не на что с он как по это к но а у из за от о так его для же вы было то все она они только бы мы был я до если или ещё еще
      когда при во со мне быть уже ни была были нет меня может чтобы её их где под даже чем себя этого этот эта эти того тот
      кто без перед после между через над потому очень всегда никогда ничего кое здесь там теперь тогда сейчас каждый каждая
      которые который которая которых также есть нас вас им ему ей тебя тебе мой моя твой наш наша ваш свой свою свои должен должны
      имеет всех об`),
  },
  uk: {
    letters: CYRILLIC + 'ґєії',
    foreignLatin: true,
    words: list(`
      і в не на що з він як до це та а у за від про так його для й же ви було то все вона вони тільки б ми був я якщо або ще
      коли при зі мені бути вже ні була були немає мене може щоб її їх де під навіть ніж себе цього цей ця ці того той
      хто без перед після між через над тому дуже завжди ніколи нічого тут там тепер тоді зараз кожний кожна кожен
      які який яка яких також є нас вас їм йому їй тебе тобі мій моя твій наш наша ваш свій свою свої повинні повинен
      має мають із по бо але чи`),
  },
} as const satisfies Readonly<Record<string, LanguageWords>>;
